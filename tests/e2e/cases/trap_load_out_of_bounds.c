// A load just beyond the end of memory traps; what was written before stays.
// trap: out of bounds memory access in read_at
// stdout: the last byte is 0
#include <stdint.h>
#include <stdio.h>

__attribute__((noinline)) static int read_at(const volatile unsigned char* at) {
  return *at;
}

int main(void) {
  const uintptr_t end = (uintptr_t)__builtin_wasm_memory_size(0) << 16;
  printf("the last byte is %d\n", read_at((unsigned char*)end - 1));
  fflush(stdout);
  printf("beyond it is %d\n", read_at((unsigned char*)end));
  return 0;
}
