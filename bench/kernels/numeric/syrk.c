// C = alpha A A' + beta C, lower triangle: dot products of rows.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(900, 150), kDepth = KERNEL_SIZE(800, 120) };

static double a[kSize][kDepth], c[kSize][kSize];

static void prepare(void) {
  kernel_fill(&a[0][0], (size_t)kSize * kDepth, 1);
  kernel_fill(&c[0][0], (size_t)kSize * kSize, 2);
}

static void run(void) {
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j <= i; ++j) {
      double sum = 0;
      for (int k = 0; k < kDepth; ++k) sum += a[i][k] * a[j][k];
      c[i][j] = 1.2 * c[i][j] + 1.5 * sum;
    }
  }
}

static double checksum(void) {
  return kernel_digest(&c[0][0], (size_t)kSize * kSize);
}

KERNEL(prepare, run, checksum)
