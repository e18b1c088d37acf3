// abort() ends with a trap, as wasi-libc has it; buffered output is lost.
// trap: unreachable in abort, give_up
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static void give_up(void) {
  setvbuf(stdout, NULL, _IOFBF, 4096);
  printf("lost in the buffer");
  abort();
}

int main(void) {
  give_up();
  return 0;
}
