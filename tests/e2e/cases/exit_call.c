// exit() from deep inside runs the atexit handlers in reverse order and flushes standard output.
// exit: 255
#include <stdio.h>
#include <stdlib.h>

static void first(void) {
  printf("registered first, runs last\n");
}
static void second(void) {
  printf("registered last, runs first\n");
}

__attribute__((noinline)) static void leave(int depth) {
  if (depth == 0) exit(255);
  leave(depth - 1);
  printf("never printed\n");
}

int main(void) {
  atexit(first);
  atexit(second);
  printf("unflushed line\n");
  leave(10);
}
