// Large arrays on the stack, of fixed and variable size, in nested calls.
#include <stdio.h>
#include <string.h>

__attribute__((noinline)) static unsigned fill(unsigned char* block, size_t size, unsigned seed) {
  for (size_t i = 0; i < size; ++i) block[i] = (unsigned char)(seed = seed * 1103515245 + 12345);
  return seed;
}

__attribute__((noinline)) static unsigned nested(int depth, unsigned seed) {
  unsigned char fixed[4000];
  seed = fill(fixed, sizeof fixed, seed);
  const unsigned char check = fixed[1234];
  if (depth > 0) seed = nested(depth - 1, seed);
  return seed + (fixed[1234] == check ? fixed[3999] : 999999999);
}

__attribute__((noinline)) static unsigned variable(size_t size) {
  unsigned char block[size];
  memset(block, (int)size, size);
  unsigned sum = 0;
  for (size_t i = 0; i < size; i += 97) sum += block[i];
  return sum;
}

int main(void) {
  unsigned char large[30000];
  unsigned seed = fill(large, sizeof large, 1);
  printf("%u %u %u\n", seed, nested(5, seed), large[29999]);
  for (size_t size = 1; size < 20000; size *= 5) printf("%u ", variable(size));
  printf("\n");
  return 0;
}
