// A five-point stencil on a square, swept back and forth between two grids larger than the second-level
// cache.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(1200, 250), kSweeps = KERNEL_SIZE(70, 2) };

static double a[kSize][kSize], b[kSize][kSize];

static void prepare(void) {
  uint64_t state = 3;
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kSize; ++j) a[i][j] = b[i][j] = kernel_uniform(&state);
  }
}

static void sweep(double to[kSize][kSize], double from[kSize][kSize]) {
  for (int i = 1; i < kSize - 1; ++i) {
    for (int j = 1; j < kSize - 1; ++j) {
      to[i][j] = 0.2 * (from[i][j] + from[i][j - 1] + from[i][j + 1] + from[i - 1][j] + from[i + 1][j]);
    }
  }
}

static void run(void) {
  for (int step = 0; step < kSweeps; ++step) {
    sweep(b, a);
    sweep(a, b);
  }
}

static double checksum(void) {
  double sum = 0;
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kSize; ++j) sum += a[i][j] * (1 + i % 7);
  }
  return sum;
}

KERNEL(prepare, run, checksum)
