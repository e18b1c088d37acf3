// IEEE arithmetic at its edges: signed zeros, infinities, NaN comparisons, subnormals, rounding, min and max,
// copysign.
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void show(const char* what, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  if (value != value) {
    printf("%s NaN\n", what);  // which NaN is not specified
  } else {
    printf("%s %016llx\n", what, (unsigned long long)bits);
  }
}

int main(void) {
  const double values[] = {
      0.0,     -0.0,   1.0,     -1.5,     2.5,       3.5, 0.49999999999999994, 4503599627370497.5,
      DBL_MIN, 5e-324, DBL_MAX, INFINITY, -INFINITY, NAN};
  enum { kValues = sizeof values / sizeof *values };
  for (int i = 0; i < kValues; ++i) {
    volatile double a = values[i];
    printf("--- %g\n", a == a ? a : 0);
    show("sqrt", sqrt(a));
    show("floor", floor(a));
    show("ceil", ceil(a));
    show("trunc", trunc(a));
    show("nearbyint", nearbyint(a));
    show("abs", fabs(a));
    show("float", (double)(float)a);
    for (int j = 0; j < kValues; ++j) {
      volatile double b = values[j];
      show("+", a + b);
      show("-", a - b);
      show("*", a * b);
      show("/", a / b);
      show("copysign", copysign(a, b));
      printf("%d%d%d%d%d%d\n", a < b, a <= b, a == b, a != b, a > b, a >= b);
    }
  }
  volatile float x = 16777217.0f, y = 1e-45f;
  printf("%.9g %.9g %.9g\n", (double)x, (double)y, (double)(x / 3));
  return 0;
}
