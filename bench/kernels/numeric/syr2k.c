// C = alpha (A B' + B A') + beta C, lower triangle, in the order that walks down columns.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(640, 120), kDepth = KERNEL_SIZE(520, 100) };

static double a[kSize][kDepth], b[kSize][kDepth], c[kSize][kSize];

static void prepare(void) {
  kernel_fill(&a[0][0], (size_t)kSize * kDepth, 1);
  kernel_fill(&b[0][0], (size_t)kSize * kDepth, 2);
  kernel_fill(&c[0][0], (size_t)kSize * kSize, 3);
}

static void run(void) {
  const double alpha = 1.5, beta = 1.2;
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j <= i; ++j) c[i][j] *= beta;
    for (int k = 0; k < kDepth; ++k) {
      for (int j = 0; j <= i; ++j) c[i][j] += a[j][k] * (alpha * b[i][k]) + b[j][k] * (alpha * a[i][k]);
    }
  }
}

static double checksum(void) {
  return kernel_digest(&c[0][0], (size_t)kSize * kSize);
}

KERNEL(prepare, run, checksum)
