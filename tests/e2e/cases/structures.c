// Structures by value, bit-fields, unions, flexible arrays, compound literals.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct large {
  int64_t values[9];
  char tag;
};
struct fields {
  unsigned a : 3;
  signed b : 5;
  uint64_t c : 40;
};
struct flexible {
  uint16_t count;
  uint32_t items[];
};

__attribute__((noinline)) static struct large rotate(struct large in, int by) {
  struct large out = in;
  for (int i = 0; i < 9; ++i) out.values[i] = in.values[(i + by) % 9];
  out.tag++;
  return out;
}

int main(void) {
  struct large block = {{0, 1, 2, 3, 4, 5, 6, 7, 8}, 'a'};
  for (int i = 0; i < 5; ++i) block = rotate(block, i);
  for (int i = 0; i < 9; ++i) printf("%lld ", (long long)block.values[i]);
  printf("%c\n", block.tag);
  struct fields bits = {1, -3, 0xffffffffff};
  bits.a += 6, bits.b -= 14, bits.c >>= 4;
  printf("%u %d %llx\n", bits.a, bits.b, (unsigned long long)bits.c);
  union {
    float real;
    uint32_t word;
    unsigned char bytes[4];
  } pun = {1.5f};
  printf("%08x %02x\n", pun.word, pun.bytes[3]);
  struct flexible* list = malloc(sizeof *list + 10 * sizeof *list->items);
  list->count = 10;
  for (uint32_t i = 0; i < 10; ++i) list->items[i] = i * i;
  printf("%u %zu %d\n", list->items[9], offsetof(struct flexible, items), ((struct large){.tag = 'z'}).tag);
  free(list);
  return 0;
}
