// Alternating-direction implicit diffusion: tridiagonal systems along columns, then along rows.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(700, 160), kSteps = KERNEL_SIZE(12, 2) };

static double u[kSize][kSize], v[kSize][kSize], p[kSize][kSize], q[kSize][kSize];

static void prepare(void) {
  kernel_fill(&u[0][0], (size_t)kSize * kSize, 1);
}

static void run(void) {
  // Off-diagonal and diagonal of the implicit half, and of the explicit half of the other direction.
  const double a = -0.4, b = 1.8, d = -0.3, e = 1.6;
  for (int step = 0; step < kSteps; ++step) {
    for (int i = 1; i < kSize - 1; ++i) {
      v[0][i] = 1;
      p[i][0] = 0;
      q[i][0] = v[0][i];
      for (int j = 1; j < kSize - 1; ++j) {
        const double pivot = a * p[i][j - 1] + b;
        p[i][j] = -a / pivot;
        q[i][j] = (-d * u[j][i - 1] + (2 - e) * u[j][i] - d * u[j][i + 1] - a * q[i][j - 1]) / pivot;
      }
      v[kSize - 1][i] = 1;
      for (int j = kSize - 2; j >= 1; --j) v[j][i] = p[i][j] * v[j + 1][i] + q[i][j];
    }
    for (int i = 1; i < kSize - 1; ++i) {
      u[i][0] = 1;
      p[i][0] = 0;
      q[i][0] = u[i][0];
      for (int j = 1; j < kSize - 1; ++j) {
        const double pivot = d * p[i][j - 1] + e;
        p[i][j] = -d / pivot;
        q[i][j] = (-a * v[i - 1][j] + (2 - b) * v[i][j] - a * v[i + 1][j] - d * q[i][j - 1]) / pivot;
      }
      u[i][kSize - 1] = 1;
      for (int j = kSize - 2; j >= 1; --j) u[i][j] = p[i][j] * u[i][j + 1] + q[i][j];
    }
  }
}

static double checksum(void) {
  return kernel_digest(&u[0][0], (size_t)kSize * kSize);
}

KERNEL(prepare, run, checksum)
