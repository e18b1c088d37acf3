// QR decomposition by modified Gram-Schmidt on columns of row-major matrices.
#include "../kernel.h"

enum { kRows = KERNEL_SIZE(560, 120), kColumns = KERNEL_SIZE(520, 100) };

static double a[kRows][kColumns], q[kRows][kColumns], r[kColumns][kColumns];

static void prepare(void) {
  kernel_fill(&a[0][0], (size_t)kRows * kColumns, 1);
  for (int i = 0; i < kColumns; ++i) a[i][i] += 4;  // far from singular, so that rounding does not grow
}

static void run(void) {
  for (int k = 0; k < kColumns; ++k) {
    double norm = 0;
    for (int i = 0; i < kRows; ++i) norm += a[i][k] * a[i][k];
    r[k][k] = sqrt(norm);
    for (int i = 0; i < kRows; ++i) q[i][k] = a[i][k] / r[k][k];
    for (int j = k + 1; j < kColumns; ++j) {
      double product = 0;
      for (int i = 0; i < kRows; ++i) product += q[i][k] * a[i][j];
      r[k][j] = product;
      for (int i = 0; i < kRows; ++i) a[i][j] -= q[i][k] * product;
    }
  }
}

static double checksum(void) {
  return kernel_digest(&r[0][0], (size_t)kColumns * kColumns);
}

KERNEL(prepare, run, checksum)
