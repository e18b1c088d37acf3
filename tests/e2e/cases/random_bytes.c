// getentropy gives bytes that differ and look random; more than 256 at once are refused.
#include <unistd.h>

#include "check.h"

int main(void) {
  unsigned char a[256] = {0}, b[256] = {0};
  SHOW(getentropy(a, sizeof a));
  SHOW(getentropy(b, sizeof b));
  HOLDS(memcmp(a, b, sizeof a) != 0);
  int bits = 0;
  for (int i = 0; i < 256; ++i) bits += __builtin_popcount(a[i]) + __builtin_popcount(b[i]);
  HOLDS(bits > 1850 && bits < 2246);  // 2048 ± 6 standard deviations
  SHOW(getentropy(a, 0));
  HOLDS(getentropy(a, 257) == -1);
  return 0;
}
