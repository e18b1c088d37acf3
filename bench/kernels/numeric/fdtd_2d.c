// Finite differences in the time domain: an electric and a magnetic field on a staggered grid.
#include "../kernel.h"

enum { kRows = KERNEL_SIZE(900, 200), kColumns = KERNEL_SIZE(1000, 220), kSteps = KERNEL_SIZE(80, 4) };

static double ex[kRows][kColumns], ey[kRows][kColumns], hz[kRows][kColumns];

static void prepare(void) {
  kernel_fill(&ex[0][0], (size_t)kRows * kColumns, 1);
  kernel_fill(&ey[0][0], (size_t)kRows * kColumns, 2);
  kernel_fill(&hz[0][0], (size_t)kRows * kColumns, 3);
}

static void run(void) {
  for (int step = 0; step < kSteps; ++step) {
    for (int j = 0; j < kColumns; ++j) ey[0][j] = step;
    for (int i = 1; i < kRows; ++i) {
      for (int j = 0; j < kColumns; ++j) ey[i][j] -= 0.5 * (hz[i][j] - hz[i - 1][j]);
    }
    for (int i = 0; i < kRows; ++i) {
      for (int j = 1; j < kColumns; ++j) ex[i][j] -= 0.5 * (hz[i][j] - hz[i][j - 1]);
    }
    for (int i = 0; i < kRows - 1; ++i) {
      for (int j = 0; j < kColumns - 1; ++j) {
        hz[i][j] -= 0.7 * (ex[i][j + 1] - ex[i][j] + ey[i + 1][j] - ey[i][j]);
      }
    }
  }
}

static double checksum(void) {
  return kernel_digest(&hz[0][0], (size_t)kRows * kColumns) +
         kernel_digest(&ex[0][0], (size_t)kRows * kColumns);
}

KERNEL(prepare, run, checksum)
