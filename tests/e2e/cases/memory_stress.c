// Hundreds of thousands of allocations and releases of mixed sizes; no block's content is disturbed by
// another.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kSlots = 1000 };

int main(void) {
  static unsigned char* blocks[kSlots];
  static size_t sizes[kSlots];
  uint32_t random = 99;
  long wrong = 0;
  for (int i = 0; i < 300000; ++i) {
    random = random * 1664525 + 1013904223;
    const size_t slot = (random >> 8) % kSlots;
    if (blocks[slot]) {
      wrong += blocks[slot][0] != (unsigned char)slot || blocks[slot][sizes[slot] - 1] != (unsigned char)slot;
      if (random & 1) {
        free(blocks[slot]);
        blocks[slot] = NULL;
        continue;
      }
    }
    const size_t size = 1 + (random >> 12) % ((random & 2) ? 100 : 5000);
    blocks[slot] = realloc(blocks[slot], size);
    memset(blocks[slot], (int)slot, size);
    sizes[slot] = size;
  }
  for (int slot = 0; slot < kSlots; ++slot) free(blocks[slot]);
  int* zeros = calloc(1000, sizeof *zeros);
  for (int i = 0; i < 1000; ++i) wrong += zeros[i] != 0;
  free(zeros);
  void* aligned = aligned_alloc(256, 1024);
  wrong += (uintptr_t)aligned % 256 != 0;
  free(aligned);
  printf("%ld wrong\n", wrong);
  return 0;
}
