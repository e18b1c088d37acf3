// Recursion without end exhausts the call stack.
// trap: call stack exhausted in descend
// stdout: descending
#include <stdio.h>

__attribute__((noinline)) static unsigned descend(unsigned x) {
  if (x == 0xffffffff) return 0;
  return descend(x + 1) * 31 + descend(x + 2);
}

int main(void) {
  puts("descending");
  fflush(stdout);
  printf("%u\n", descend(0));
  return 0;
}
