// A call through a null function pointer traps: slot 0 of the table is empty.
// trap: uninitialized element in call, main
#include <stdio.h>

static int seven(void) {
  return 7;
}

__attribute__((noinline)) static int call(int (*volatile function)(void)) {
  return function() + 1;
}

int main(int argc, char** argv) {
  (void)argv;
  return call(argc > 5 ? seven : NULL);
}
