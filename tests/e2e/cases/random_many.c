// A megabyte of random bytes: every value about equally often.
#include <unistd.h>

#include "check.h"

int main(void) {
  int counts[256] = {0};
  unsigned char block[256];
  for (int i = 0; i < 4096; ++i) {
    if (getentropy(block, sizeof block) != 0) return 1;
    for (int j = 0; j < 256; ++j) ++counts[block[j]];
  }
  int odd = 0;
  for (int value = 0; value < 256; ++value)
    odd += counts[value] < 4096 - 512 || counts[value] > 4096 + 512;  // 8 deviations
  printf("%d values too rare or too frequent\n", odd);
  return 0;
}
