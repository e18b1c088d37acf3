// The mathematics library, printed to ten digits: two libraries may differ in the last bits, not before.
#include <math.h>
#include <stdio.h>

int main(void) {
  for (double x = -3; x <= 3; x += 0.37) {
    printf("%.10g %.10g %.10g %.10g %.10g %.10g\n", sin(x), cos(x), tan(x), exp(x), atan(x), sinh(x));
    printf("%.10g %.10g %.10g %.10g\n", log(fabs(x)), pow(fabs(x), 1.7), cbrt(x), erf(x));
    printf("%.10g %.10g %.10g %d\n", fmod(x * 7, 2), hypot(x, 4), atan2(x, -2), ilogb(x));
    printf("%.10g %.10g %.10g\n", ldexp(x, 40), fma(x, x, -1), remainder(x, 0.8));
  }
  int exponent;
  printf("%.17g ", frexp(1234.5, &exponent));
  printf("%d %g %g\n", exponent, tgamma(6), lgamma(10));
  return 0;
}
