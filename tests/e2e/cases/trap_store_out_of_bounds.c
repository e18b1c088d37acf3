// A store beyond memory traps, and nothing after it happens: the file holds what was written before.
// trap: out of bounds memory access in write_at
// stdout: before
// stdout: 7
#include <stdint.h>
#include <stdio.h>

__attribute__((noinline)) static void write_at(volatile int* at, int value) {
  *at = value;
}

int main(void) {
  static int inside;
  puts("before");
  write_at(&inside, 7);
  printf("%d\n", inside);
  fflush(stdout);
  write_at((int*)(uintptr_t)0x7ffffff0, 8);
  puts("after");
  return 0;
}
