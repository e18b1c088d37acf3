// Conversions between integers and floating point, signed and unsigned, within range, rounding where they
// must.
#include <stdint.h>
#include <stdio.h>

int main(void) {
  const double values[] = {0.0,
                           0.9,
                           -0.9,
                           1.5,
                           -1.5,
                           2147483647.0,
                           -2147483648.9,
                           4294967295.9,
                           9007199254740993.0,
                           -9.2233720368547748e18};
  for (size_t i = 0; i < sizeof values / sizeof *values; ++i) {
    volatile double d = values[i];
    printf("%lld", (long long)d);
    if (d > -2147483649.0 && d < 2147483648.0) printf(" %d", (int)d);
    if (d > -1 && d < 4294967296.0) printf(" %u", (unsigned)d);
    if (d > -1) printf(" %llu", (unsigned long long)d);
    printf("\n");
  }
  const uint64_t integers[] = {0,
                               1,
                               0x1fffffffffffff,
                               0x20000000000001,
                               0x7fffffffffffffff,
                               0x8000000000000000,
                               0xffffffffffffffff,
                               0xfffffffffffffbff,
                               0xffffff7fffffffff,
                               0x8000008000000001};
  for (size_t i = 0; i < sizeof integers / sizeof *integers; ++i) {
    volatile uint64_t u = integers[i];
    printf("%.17g %.17g %.9g %.9g\n", (double)u, (double)(int64_t)u, (double)(float)u,
           (double)(float)(int64_t)u);
  }
  return 0;
}
