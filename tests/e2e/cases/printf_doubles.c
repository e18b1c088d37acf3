// Doubles print the same digits: every conversion, precision, extreme and special value.
#include <float.h>
#include <math.h>
#include <stdio.h>

int main(void) {
  const double values[] = {
      0.0,  -0.0,  1.0,      0.1,      1.0 / 3,     2.0 / 3, 123456789.123456789, 1e-5, 1e15, 1e16,
      1e17, 1e100, DBL_MAX,  DBL_MIN,  DBL_EPSILON, 5e-324,  9007199254740993.0,  0.5,  1.5,  2.5,
      0.05, 0.15,  999999.5, INFINITY, -INFINITY};
  const char* formats[] = {"%f",    "%.0f",    "%.3f",     "%e",      "%.17g", "%g",
                           "%+.2e", "%12.4f|", "%-12.2f|", "%012.3f", "%#.0f", "% g"};
  for (size_t i = 0; i < sizeof values / sizeof *values; ++i) {
    for (size_t j = 0; j < sizeof formats / sizeof *formats; ++j) {
      printf(formats[j], values[i]);
      putchar(' ');
    }
    putchar('\n');
  }
  return 0;
}
