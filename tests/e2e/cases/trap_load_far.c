// An address near 4 GiB with a large displacement does not wrap around: it traps.
// trap: out of bounds memory access in read_field
#include <stdint.h>

struct wide {
  char before[1 << 30];
  int field;
};

__attribute__((noinline)) static int read_field(const volatile struct wide* at) {
  return at->field;
}

int main(void) {
  volatile uintptr_t high = 0xfffffff0;
  return read_field((struct wide*)high);
}
