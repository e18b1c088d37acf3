// A three-point stencil on a line, swept back and forth between two arrays.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(300000, 20000), kSweeps = KERNEL_SIZE(800, 20) };

static double a[kSize], b[kSize];

static void prepare(void) {
  kernel_fill(a, kSize, 1);
  kernel_fill(b, kSize, 1);
}

static void run(void) {
  for (int step = 0; step < kSweeps; ++step) {
    for (int i = 1; i < kSize - 1; ++i) b[i] = 0.33333 * (a[i - 1] + a[i] + a[i + 1]);
    for (int i = 1; i < kSize - 1; ++i) a[i] = 0.33333 * (b[i - 1] + b[i] + b[i + 1]);
  }
}

static double checksum(void) {
  return kernel_digest(a, kSize);
}

KERNEL(prepare, run, checksum)
