// A division whose value nobody uses still traps.
// trap: integer divide by zero in divide
#include <stdio.h>

// By inline WebAssembly, since C's own compiler would drop it.
__attribute__((noinline)) static void divide(int by) {
  int quotient;
  __asm__ volatile("i32.const 1\n\tlocal.get %1\n\ti32.div_s\n\tlocal.set %0" : "=r"(quotient) : "r"(by));
}

int main(void) {
  volatile int zero = 0;
  divide(zero);
  puts("the division was dropped");
  return 0;
}
