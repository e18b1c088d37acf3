// A trap in an atexit handler is a trap, not the exit status that was on its way.
// trap: unreachable in handler
#include <stdlib.h>

static void handler(void) {
  __builtin_trap();
}

int main(void) {
  atexit(handler);
  return 3;
}
