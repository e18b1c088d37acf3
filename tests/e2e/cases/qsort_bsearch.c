// qsort with a comparison through a function pointer, then bsearch for each element.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { kCount = 50000 };

struct item {
  uint32_t key;
  char name[12];
};

static int by_key(const void* a, const void* b) {
  const struct item *x = a, *y = b;
  return (x->key > y->key) - (x->key < y->key);
}

int main(void) {
  static struct item items[kCount];
  uint32_t state = 12345;
  for (int i = 0; i < kCount; ++i) {
    state = state * 1664525 + 1013904223;
    items[i].key = state;
    snprintf(items[i].name, sizeof items[i].name, "n%d", i);
  }
  qsort(items, kCount, sizeof *items, by_key);
  int disorder = 0, lost = 0;
  for (int i = 1; i < kCount; ++i) disorder += items[i - 1].key > items[i].key;
  for (int i = 0; i < kCount; ++i) {
    const struct item* found = bsearch(&items[i], items, kCount, sizeof *items, by_key);
    lost += !found || found->key != items[i].key;
  }
  printf("%d out of order, %d lost; first %s, last %s\n", disorder, lost, items[0].name,
         items[kCount - 1].name);
  return 0;
}
