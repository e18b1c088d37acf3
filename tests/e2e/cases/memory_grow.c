// memory.grow: old content stays, new pages are zero, the size is told, a growth beyond 4 GiB is refused.
// stdout: grown by 16 pages: yes
// stdout: new pages hold zeros: yes
// stdout: old content stays: yes
// stdout: last byte is writable: yes
// stdout: grown by none: yes
// stdout: beyond 4 GiB: refused
#include <stdint.h>
#include <stdio.h>

int main(void) {
  static volatile int marker = 42;
  const size_t before = __builtin_wasm_memory_size(0);
  printf("grown by 16 pages: %s\n",
         __builtin_wasm_memory_grow(0, 16) == before && __builtin_wasm_memory_size(0) == before + 16 ? "yes"
                                                                                                     : "NO");
  const volatile unsigned char* fresh = (unsigned char*)(before << 16);
  size_t nonzero = 0;
  for (size_t i = 0; i < (size_t)16 << 16; ++i) nonzero += fresh[i] != 0;
  printf("new pages hold zeros: %s\n", nonzero == 0 ? "yes" : "NO");
  printf("old content stays: %s\n", marker == 42 ? "yes" : "NO");
  volatile unsigned char* last = (unsigned char*)((before + 16) << 16) - 1;
  *last = 7;
  printf("last byte is writable: %s\n", *last == 7 ? "yes" : "NO");
  printf("grown by none: %s\n", __builtin_wasm_memory_grow(0, 0) == before + 16 ? "yes" : "NO");
  printf("beyond 4 GiB: %s\n", __builtin_wasm_memory_grow(0, 65536) == SIZE_MAX ? "refused" : "MET");
  return 0;
}
