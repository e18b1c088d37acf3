// A chain of matrix products, D = alpha (A B) C + beta D, each element a dot product of a row and a column:
// the inner loop is a reduction with strided loads, which does not vectorise without reassociation.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(560, 120) };

static double a[kSize][kSize], b[kSize][kSize], c[kSize][kSize], d[kSize][kSize], product[kSize][kSize];
static const double kAlpha = 1.5, kBeta = 1.2;

static void prepare(void) {
  uint64_t state = 2;
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kSize; ++j) {
      a[i][j] = kernel_uniform(&state) - 0.5;
      b[i][j] = kernel_uniform(&state) - 0.5;
      c[i][j] = kernel_uniform(&state) - 0.5;
      d[i][j] = kernel_uniform(&state) - 0.5;
    }
  }
}

static void run(void) {
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kSize; ++j) {
      double sum = 0;
      for (int k = 0; k < kSize; ++k) sum += kAlpha * a[i][k] * b[k][j];
      product[i][j] = sum;
    }
  }
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kSize; ++j) {
      double sum = kBeta * d[i][j];
      for (int k = 0; k < kSize; ++k) sum += product[i][k] * c[k][j];
      d[i][j] = sum;
    }
  }
}

static double checksum(void) {
  double sum = 0;
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kSize; ++j) sum += d[i][j] * d[i][j];
  }
  return sum;
}

KERNEL(prepare, run, checksum)
