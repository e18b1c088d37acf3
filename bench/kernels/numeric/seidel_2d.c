// A nine-point Gauss-Seidel stencil in place: each value needs the one before it.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(1200, 250), kSweeps = KERNEL_SIZE(10, 2) };

static double a[kSize][kSize];

static void prepare(void) {
  kernel_fill(&a[0][0], (size_t)kSize * kSize, 1);
}

static void run(void) {
  for (int step = 0; step < kSweeps; ++step) {
    for (int i = 1; i < kSize - 1; ++i) {
      for (int j = 1; j < kSize - 1; ++j) {
        a[i][j] = (a[i - 1][j - 1] + a[i - 1][j] + a[i - 1][j + 1] + a[i][j - 1] + a[i][j] + a[i][j + 1] +
                   a[i + 1][j - 1] + a[i + 1][j] + a[i + 1][j + 1]) /
                  9.0;
      }
    }
  }
}

static double checksum(void) {
  return kernel_digest(&a[0][0], (size_t)kSize * kSize);
}

KERNEL(prepare, run, checksum)
