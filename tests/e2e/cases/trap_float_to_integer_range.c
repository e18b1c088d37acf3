// 2^63 is one more than fits a 64-bit integer; the specification calls that an integer overflow.
// trap: integer overflow in convert
// stdout: 9223372036854774784
#include <stdio.h>

__attribute__((noinline)) static long long convert(volatile double x) {
  return __builtin_wasm_trunc_s_i64_f64(x);
}

int main(void) {
  printf("%lld\n", convert(0x1.fffffffffffffp62));
  fflush(stdout);
  printf("%lld\n", convert(0x1p63));
  return 0;
}
