// A[r][q][p] = sum over s of A[r][q][s] C[s][p], through a row of temporaries.
#include "../kernel.h"

enum {
  kR = KERNEL_SIZE(130, 20),
  kQ = KERNEL_SIZE(140, 20),
  kP = KERNEL_SIZE(160, 40),
  kRounds = KERNEL_SIZE(2, 1)
};

static double a[kR][kQ][kP], c[kP][kP], row[kP];

static void prepare(void) {
  kernel_fill(&a[0][0][0], (size_t)kR * kQ * kP, 1);
  kernel_fill(&c[0][0], (size_t)kP * kP, 2);
}

static void run(void) {
  for (int round = 0; round < kRounds; ++round) {
    for (int r = 0; r < kR; ++r) {
      for (int q = 0; q < kQ; ++q) {
        for (int p = 0; p < kP; ++p) row[p] = 0;
        for (int s = 0; s < kP; ++s) {
          for (int p = 0; p < kP; ++p) row[p] += a[r][q][s] * c[s][p];
        }
        for (int p = 0; p < kP; ++p) a[r][q][p] = row[p] / kP;
      }
    }
  }
}

static double checksum(void) {
  return kernel_digest(&a[0][0][0], (size_t)kR * kQ * kP);
}

KERNEL(prepare, run, checksum)
