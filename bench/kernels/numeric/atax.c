// y = A' (A x): each row is used for a dot product and at once for an update.
#include "../kernel.h"

enum { kRows = KERNEL_SIZE(1400, 300), kColumns = KERNEL_SIZE(1500, 320), kRounds = KERNEL_SIZE(80, 2) };

static double a[kRows][kColumns], x[kColumns], y[kColumns];

static void prepare(void) {
  kernel_fill(&a[0][0], (size_t)kRows * kColumns, 1);
  kernel_fill(x, kColumns, 2);
}

static void run(void) {
  for (int round = 0; round < kRounds; ++round) {
    for (int j = 0; j < kColumns; ++j) y[j] = 0;
    for (int i = 0; i < kRows; ++i) {
      double sum = 0;
      for (int j = 0; j < kColumns; ++j) sum += a[i][j] * x[j];
      for (int j = 0; j < kColumns; ++j) y[j] += a[i][j] * sum;
    }
    for (int j = 0; j < kColumns; ++j) x[j] = 4 * y[j] / ((double)kRows * kColumns);  // keeps its size
  }
}

static double checksum(void) {
  return kernel_digest(y, kColumns);
}

KERNEL(prepare, run, checksum)
