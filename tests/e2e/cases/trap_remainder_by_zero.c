// A 64-bit unsigned remainder by zero traps.
// trap: integer divide by zero in left_over
#include <stdint.h>
#include <stdio.h>

__attribute__((noinline)) static uint64_t left_over(volatile uint64_t total, volatile uint64_t parts) {
  return total % parts;
}

int main(void) {
  printf("%d\n", (int)left_over(10, 0));
  return 0;
}
