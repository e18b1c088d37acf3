// Heat conduction in a cube: a seven-point stencil, back and forth between two grids.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(110, 40), kSteps = KERNEL_SIZE(60, 4) };

static double a[kSize][kSize][kSize], b[kSize][kSize][kSize];

static void prepare(void) {
  kernel_fill(&a[0][0][0], (size_t)kSize * kSize * kSize, 1);
  kernel_fill(&b[0][0][0], (size_t)kSize * kSize * kSize, 1);
}

static void step(double to[kSize][kSize][kSize], double from[kSize][kSize][kSize]) {
  for (int i = 1; i < kSize - 1; ++i) {
    for (int j = 1; j < kSize - 1; ++j) {
      for (int k = 1; k < kSize - 1; ++k) {
        to[i][j][k] = 0.125 * (from[i + 1][j][k] - 2 * from[i][j][k] + from[i - 1][j][k]) +
                      0.125 * (from[i][j + 1][k] - 2 * from[i][j][k] + from[i][j - 1][k]) +
                      0.125 * (from[i][j][k + 1] - 2 * from[i][j][k] + from[i][j][k - 1]) + from[i][j][k];
      }
    }
  }
}

static void run(void) {
  for (int i = 0; i < kSteps; ++i) {
    step(b, a);
    step(a, b);
  }
}

static double checksum(void) {
  return kernel_digest(&a[0][0][0], (size_t)kSize * kSize * kSize);
}

KERNEL(prepare, run, checksum)
