// Crout's LU factorisation by dot products of a row and a column, then both substitutions.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(800, 160) };

static double a[kSize][kSize], b[kSize], x[kSize], y[kSize];

static void prepare(void) {
  kernel_fill(&a[0][0], (size_t)kSize * kSize, 1);
  kernel_fill(b, kSize, 2);
  for (int i = 0; i < kSize; ++i) a[i][i] += kSize;
}

static void run(void) {
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < i; ++j) {
      double value = a[i][j];
      for (int k = 0; k < j; ++k) value -= a[i][k] * a[k][j];
      a[i][j] = value / a[j][j];
    }
    for (int j = i; j < kSize; ++j) {
      double value = a[i][j];
      for (int k = 0; k < i; ++k) value -= a[i][k] * a[k][j];
      a[i][j] = value;
    }
  }
  for (int i = 0; i < kSize; ++i) {
    double value = b[i];
    for (int j = 0; j < i; ++j) value -= a[i][j] * y[j];
    y[i] = value;
  }
  for (int i = kSize - 1; i >= 0; --i) {
    double value = y[i];
    for (int j = i + 1; j < kSize; ++j) value -= a[i][j] * x[j];
    x[i] = value / a[i][i];
  }
}

static double checksum(void) {
  return kernel_digest(x, kSize) + kernel_digest(&a[0][0], (size_t)kSize * kSize);
}

KERNEL(prepare, run, checksum)
