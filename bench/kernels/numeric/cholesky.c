// Cholesky factorisation in place, row by row: triangular loops around dot products of rows, a division and a
// square root.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(1200, 160) };

static double a[kSize][kSize];

// Symmetric and diagonally dominant, hence positive definite.
static void prepare(void) {
  uint64_t state = 4;
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j <= i; ++j) a[i][j] = a[j][i] = kernel_uniform(&state) - 0.5;
    a[i][i] = kSize;
  }
}

static void run(void) {
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < i; ++j) {
      for (int k = 0; k < j; ++k) a[i][j] -= a[i][k] * a[j][k];
      a[i][j] /= a[j][j];
    }
    for (int k = 0; k < i; ++k) a[i][i] -= a[i][k] * a[i][k];
    a[i][i] = sqrt(a[i][i]);
  }
}

static double checksum(void) {
  double sum = 0;
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j <= i; ++j) sum += a[i][j] * a[i][j];
  }
  return sum;
}

KERNEL(prepare, run, checksum)
