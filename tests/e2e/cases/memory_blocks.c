// memcpy, memmove, memset and memcmp of every small length and alignment, and of megabytes, against byte
// loops.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kLarge = 5 << 20 };

int main(void) {
  static unsigned char a[400], b[400], expected[400];
  long wrong = 0;
  for (size_t length = 0; length < 150; ++length) {
    for (size_t from = 0; from < 17; ++from) {
      for (size_t to = 0; to < 17; to += 3) {
        for (size_t i = 0; i < sizeof a; ++i) a[i] = b[i] = expected[i] = (unsigned char)(i * 7 + length);
        for (size_t i = 0; i < length; ++i) expected[to + i] = b[from + i];
        memmove(a + to, a + from, length);
        wrong += memcmp(a, expected, sizeof a) != 0;
        memcpy(a, b, sizeof a);
        memcpy(a + 200 + to, b + from, length);
        wrong += memcmp(a + 200 + to, b + from, length) != 0 || memcmp(a, b, 200 + to) != 0;
      }
    }
  }
  unsigned char* large = malloc(2 * (size_t)kLarge);
  memset(large, 0x5a, kLarge);
  for (size_t i = 0; i < kLarge; ++i) wrong += large[i] != 0x5a;
  for (size_t i = 0; i < kLarge; ++i) large[i] = (unsigned char)(i >> 8 ^ i);
  memmove(large + 12345, large, kLarge);
  for (size_t i = 0; i < kLarge; ++i) wrong += large[i + 12345] != (unsigned char)(i >> 8 ^ i);
  printf("%ld wrong\n", wrong);
  free(large);
  return 0;
}
