// Two rank-one updates of a matrix, then a product with its transpose and one with itself.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(1400, 300), kRounds = KERNEL_SIZE(60, 2) };

static double a[kSize][kSize];
static double u1[kSize], v1[kSize], u2[kSize], v2[kSize], x[kSize], y[kSize], z[kSize], w[kSize];

static void prepare(void) {
  kernel_fill(&a[0][0], (size_t)kSize * kSize, 1);
  kernel_fill(u1, kSize, 2);
  kernel_fill(v1, kSize, 3);
  kernel_fill(u2, kSize, 4);
  kernel_fill(v2, kSize, 5);
  kernel_fill(y, kSize, 6);
  kernel_fill(z, kSize, 7);
}

static void run(void) {
  const double alpha = 1.5 / kSize, beta = 1.2 / kSize;
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kSize; ++i) {
      for (int j = 0; j < kSize; ++j) a[i][j] += u1[i] * v1[j] + u2[i] * v2[j];
    }
    for (int i = 0; i < kSize; ++i) x[i] = z[i];
    for (int j = 0; j < kSize; ++j) {
      for (int i = 0; i < kSize; ++i) x[i] += beta * a[j][i] * y[j];
    }
    for (int i = 0; i < kSize; ++i) {
      double sum = 0;
      for (int j = 0; j < kSize; ++j) sum += a[i][j] * x[j];
      w[i] = alpha * sum;
    }
  }
}

static double checksum(void) {
  return kernel_digest(w, kSize) + kernel_digest(x, kSize);
}

KERNEL(prepare, run, checksum)
