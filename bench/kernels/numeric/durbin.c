// Durbin's recursion for a Toeplitz system. Its vectors stay in the second-level cache: the work is quadratic, so that
// vectors beyond it would run for minutes.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(16000, 1500) };

static double r[kSize], y[kSize], z[kSize];

static void prepare(void) {
  kernel_fill(r, kSize, 1);
  for (int i = 0; i < kSize; ++i) r[i] /= 2.0 * kSize;  // keeps every reflection coefficient below 1
}

static void run(void) {
  double alpha = -r[0], beta = 1;
  y[0] = -r[0];
  for (int k = 1; k < kSize; ++k) {
    beta *= 1 - alpha * alpha;
    double sum = 0;
    for (int i = 0; i < k; ++i) sum += r[k - i - 1] * y[i];
    alpha = -(r[k] + sum) / beta;
    for (int i = 0; i < k; ++i) z[i] = y[i] + alpha * y[k - i - 1];
    for (int i = 0; i < k; ++i) y[i] = z[i];
    y[k] = alpha;
  }
}

static double checksum(void) {
  return kernel_digest(y, kSize);
}

KERNEL(prepare, run, checksum)
