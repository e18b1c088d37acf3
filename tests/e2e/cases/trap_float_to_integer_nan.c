// NaN has no integer.
// trap: invalid conversion to integer in convert
// stdout: -7
#include <math.h>
#include <stdio.h>

__attribute__((noinline)) static int convert(volatile double x) {
  return __builtin_wasm_trunc_s_i32_f64(x);
}

int main(void) {
  printf("%d\n", convert(-7.9));
  fflush(stdout);
  printf("%d\n", convert(NAN));
  return 0;
}
