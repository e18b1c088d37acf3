// _Exit() ends at once: no atexit handler, no flush.
// exit: 7
#include <stdio.h>
#include <stdlib.h>

static void handler(void) {
  printf("handler ran\n");
}

int main(void) {
  atexit(handler);
  setvbuf(stdout, NULL, _IOFBF, 4096);
  printf("flushed\n");
  fflush(stdout);
  printf("lost\n");
  _Exit(7);
}
