// s = A' r and q = A p in one pass over A, as a biconjugate-gradient step needs them.
#include "../kernel.h"

enum { kRows = KERNEL_SIZE(1500, 300), kColumns = KERNEL_SIZE(1400, 320), kRounds = KERNEL_SIZE(80, 2) };

static double a[kRows][kColumns], s[kColumns], q[kRows], p[kColumns], r[kRows];

static void prepare(void) {
  kernel_fill(&a[0][0], (size_t)kRows * kColumns, 1);
  kernel_fill(p, kColumns, 2);
  kernel_fill(r, kRows, 3);
}

static void run(void) {
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kRows; ++i) {
      q[i] = 0;
      for (int j = 0; j < kColumns; ++j) {
        s[j] += r[i] * a[i][j];
        q[i] += a[i][j] * p[j];
      }
    }
  }
}

static double checksum(void) {
  return kernel_digest(s, kColumns) + kernel_digest(q, kRows);
}

KERNEL(prepare, run, checksum)
