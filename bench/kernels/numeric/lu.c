// LU factorisation in place without pivoting, by row updates.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(1200, 160) };

static double a[kSize][kSize];

static void prepare(void) {
  kernel_fill(&a[0][0], (size_t)kSize * kSize, 1);
  for (int i = 0; i < kSize; ++i) a[i][i] += kSize;  // diagonally dominant: no pivot is needed
}

static void run(void) {
  for (int k = 0; k < kSize; ++k) {
    for (int i = k + 1; i < kSize; ++i) {
      a[i][k] /= a[k][k];
      for (int j = k + 1; j < kSize; ++j) a[i][j] -= a[i][k] * a[k][j];
    }
  }
}

static double checksum(void) {
  return kernel_digest(&a[0][0], (size_t)kSize * kSize);
}

KERNEL(prepare, run, checksum)
