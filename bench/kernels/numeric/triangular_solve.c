// L x = b by forward substitution, for several right-hand sides in turn.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(1800, 300), kRounds = KERNEL_SIZE(100, 2) };

static double l[kSize][kSize], b[kSize], x[kSize];

static void prepare(void) {
  kernel_fill(&l[0][0], (size_t)kSize * kSize, 1);
  kernel_fill(b, kSize, 2);
  for (int i = 0; i < kSize; ++i) l[i][i] += kSize;
}

static void run(void) {
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kSize; ++i) {
      x[i] = b[i];
      for (int j = 0; j < i; ++j) x[i] -= l[i][j] * x[j];
      x[i] /= l[i][i];
    }
    b[round] += x[round];
  }
}

static double checksum(void) {
  return kernel_digest(x, kSize) + kernel_digest(b, kSize);
}

KERNEL(prepare, run, checksum)
