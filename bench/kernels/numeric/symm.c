// C = alpha A B + beta C with a symmetric A of which only the lower triangle is stored.
#include "../kernel.h"

enum { kRows = KERNEL_SIZE(800, 120), kColumns = KERNEL_SIZE(900, 140) };

static double a[kRows][kRows], b[kRows][kColumns], c[kRows][kColumns];

static void prepare(void) {
  kernel_fill(&a[0][0], (size_t)kRows * kRows, 1);
  kernel_fill(&b[0][0], (size_t)kRows * kColumns, 2);
  kernel_fill(&c[0][0], (size_t)kRows * kColumns, 3);
}

static void run(void) {
  const double alpha = 1.5, beta = 1.2;
  for (int i = 0; i < kRows; ++i) {
    for (int j = 0; j < kColumns; ++j) c[i][j] = beta * c[i][j] + alpha * a[i][i] * b[i][j];
  }
  for (int i = 0; i < kRows; ++i) {
    for (int k = 0; k < i; ++k) {
      const double factor = alpha * a[i][k];
      for (int j = 0; j < kColumns; ++j) {
        c[k][j] += factor * b[i][j];
        c[i][j] += factor * b[k][j];
      }
    }
  }
}

static double checksum(void) {
  return kernel_digest(&c[0][0], (size_t)kRows * kColumns);
}

KERNEL(prepare, run, checksum)
