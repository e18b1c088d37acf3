// A loop that runs off memory half-way has done exactly the iterations before: its counter, flushed each time,
// tells.
// trap: out of bounds memory access in clear_pages
// stdout: page 0
// stdout: page 1
// stdout: page 2
#include <stdint.h>
#include <stdio.h>

__attribute__((noinline)) static void clear_pages(volatile unsigned char* from) {
  for (int page = 0; page < 10; ++page) {
    from[(size_t)page << 16] = 0;
    printf("page %d\n", page);
    fflush(stdout);
  }
}

int main(void) {
  const uintptr_t end = (uintptr_t)__builtin_wasm_memory_size(0) << 16;
  __builtin_wasm_memory_grow(0, 3);
  clear_pages((unsigned char*)end);
  return 0;
}
