// B = alpha A' B with a unit lower triangular A, in place.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(1100, 160) };

static double a[kSize][kSize], b[kSize][kSize];

static void prepare(void) {
  kernel_fill(&a[0][0], (size_t)kSize * kSize, 1);
  kernel_fill(&b[0][0], (size_t)kSize * kSize, 2);
}

static void run(void) {
  for (int i = 0; i < kSize; ++i) {
    for (int k = i + 1; k < kSize; ++k) {
      for (int j = 0; j < kSize; ++j) b[i][j] += a[k][i] * b[k][j];
    }
    for (int j = 0; j < kSize; ++j) b[i][j] *= 1.5;
  }
}

static double checksum(void) {
  return kernel_digest(&b[0][0], (size_t)kSize * kSize);
}

KERNEL(prepare, run, checksum)
