// Dense matrix multiplication, C = A B, in the loop order that walks rows: the inner loop is a vectorisable
// update of a row.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(1000, 160) };

static double a[kSize][kSize], b[kSize][kSize], c[kSize][kSize];

static void prepare(void) {
  uint64_t state = 1;
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kSize; ++j) {
      a[i][j] = kernel_uniform(&state) - 0.5;
      b[i][j] = kernel_uniform(&state) - 0.5;
    }
  }
}

static void run(void) {
  for (int i = 0; i < kSize; ++i) {
    for (int k = 0; k < kSize; ++k) {
      const double factor = a[i][k];
      for (int j = 0; j < kSize; ++j) c[i][j] += factor * b[k][j];
    }
  }
}

static double checksum(void) {
  double sum = 0;
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kSize; ++j) sum += c[i][j] * c[i][j];
  }
  return sum;
}

KERNEL(prepare, run, checksum)
