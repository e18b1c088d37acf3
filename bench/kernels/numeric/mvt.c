// x1 += A v1 and x2 += A' v2; the second walks down columns.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(1500, 300), kRounds = KERNEL_SIZE(25, 2) };

static double a[kSize][kSize], x1[kSize], x2[kSize], v1[kSize], v2[kSize];

static void prepare(void) {
  kernel_fill(&a[0][0], (size_t)kSize * kSize, 1);
  kernel_fill(x1, kSize, 2);
  kernel_fill(x2, kSize, 3);
  kernel_fill(v1, kSize, 4);
  kernel_fill(v2, kSize, 5);
}

static void run(void) {
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kSize; ++i) {
      for (int j = 0; j < kSize; ++j) x1[i] += a[i][j] * v1[j];
    }
    for (int i = 0; i < kSize; ++i) {
      for (int j = 0; j < kSize; ++j) x2[i] += a[j][i] * v2[j];
    }
  }
}

static double checksum(void) {
  return kernel_digest(x1, kSize) + kernel_digest(x2, kSize);
}

KERNEL(prepare, run, checksum)
