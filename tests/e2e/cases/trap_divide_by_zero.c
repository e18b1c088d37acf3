// Division by zero traps, and says so.
// trap: integer divide by zero in share
// stdout: 5
#include <stdio.h>

__attribute__((noinline)) static int share(volatile int total, volatile int parts) {
  return total / parts;
}

int main(void) {
  printf("%d\n", share(10, 2));
  fflush(stdout);
  printf("%d\n", share(10, 0));
  return 0;
}
