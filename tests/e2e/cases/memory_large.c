// 300 MiB from malloc, touched at every page, given back, and a request that cannot be met.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  const size_t size = (size_t)300 << 20;
  unsigned char* block = malloc(size);
  if (!block) {
    printf("no memory\n");
    return 1;
  }
  for (size_t i = 0; i < size; i += 4096) block[i] = (unsigned char)(i >> 12);
  size_t wrong = 0;
  for (size_t i = 0; i < size; i += 4096) wrong += block[i] != (unsigned char)(i >> 12);
  printf("%zu wrong\n", wrong);
  free(block);
  volatile size_t impossible = SIZE_MAX - 100;
  void* volatile none = malloc(impossible);
  printf("impossible request: %s\n", none ? "met" : "refused");
  return 0;
}
