// A load whose value nobody uses still traps: the compiler may not drop it.
// trap: out of bounds memory access in touch
#include <stdint.h>
#include <stdio.h>

__attribute__((noinline)) static void touch(const volatile int* at) {
  (void)*at;
}

int main(void) {
  touch((int*)(uintptr_t)0xf0000000);
  puts("the load was dropped");
  return 0;
}
