// A call through a pointer beyond the table traps.
// trap: undefined element in call
#include <stdint.h>

static int seven(void) {
  return 7;
}
int (*volatile keep)(void) = seven;

__attribute__((noinline)) static int call(int (*volatile function)(void)) {
  return function() + 1;
}

int main(void) {
  return call((int (*)(void))(uintptr_t)0x12345678);
}
