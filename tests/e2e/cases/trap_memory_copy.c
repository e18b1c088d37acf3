// memory.copy and memory.fill check their whole range before they write a byte.
// flags: -mbulk-memory
// trap: out of bounds memory access in fill
// stdout: filled
#include <stdint.h>
#include <stdio.h>
#include <string.h>

__attribute__((noinline)) static void fill(unsigned char* at, int value, size_t size) {
  __asm__ volatile("local.get %0\n\tlocal.get %1\n\tlocal.get %2\n\tmemory.fill 0"
                   :
                   : "r"(at), "r"(value), "r"(size)
                   : "memory");
}

int main(void) {
  const uintptr_t end = (uintptr_t)__builtin_wasm_memory_size(0) << 16;
  __builtin_wasm_memory_grow(0, 1);
  fill((unsigned char*)end, 1, 65536);
  puts("filled");
  fflush(stdout);
  fill((unsigned char*)end, 2, 65537);
  return 0;
}
