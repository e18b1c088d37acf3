// y = alpha A x + beta B x: two matrices streamed at once, each used once.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(1300, 300), kRounds = KERNEL_SIZE(100, 2) };

static double a[kSize][kSize], b[kSize][kSize], x[kSize], y[kSize];

static void prepare(void) {
  kernel_fill(&a[0][0], (size_t)kSize * kSize, 1);
  kernel_fill(&b[0][0], (size_t)kSize * kSize, 2);
  kernel_fill(x, kSize, 3);
}

static void run(void) {
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kSize; ++i) {
      double of_a = 0, of_b = 0;
      for (int j = 0; j < kSize; ++j) {
        of_a += a[i][j] * x[j];
        of_b += b[i][j] * x[j];
      }
      y[i] = 1.5 * of_a + 1.2 * of_b;
    }
    for (int i = 0; i < kSize; ++i) x[i] = y[i] / (1.35 * kSize);  // keeps its size
  }
}

static double checksum(void) {
  return kernel_digest(y, kSize);
}

KERNEL(prepare, run, checksum)
