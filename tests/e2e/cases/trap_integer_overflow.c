// The least integer over minus one overflows, in 32 and 64 bits; the remainder is 0 and does not trap.
// trap: integer overflow in divide
// stdout: remainder 0
#include <limits.h>
#include <stdio.h>

__attribute__((noinline)) static int divide(volatile int a, volatile int b) {
  return a / b;
}

// By inline WebAssembly: in C the remainder is as undefined as the quotient.
__attribute__((noinline)) static int remainder_of(int a, int b) {
  int result;
  __asm__ volatile("local.get %1\n\tlocal.get %2\n\ti32.rem_s\n\tlocal.set %0"
                   : "=r"(result)
                   : "r"(a), "r"(b));
  return result;
}

int main(void) {
  printf("remainder %d\n", remainder_of(INT_MIN, -1));
  fflush(stdout);
  printf("quotient %d\n", divide(INT_MIN, -1));
  return 0;
}
