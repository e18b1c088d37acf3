// Deriche's recursive smoothing filter over an image: two passes along rows, two along columns.
#include "../kernel.h"

enum { kWidth = KERNEL_SIZE(1000, 200), kHeight = KERNEL_SIZE(900, 160), kRounds = KERNEL_SIZE(12, 1) };

static double image[kHeight][kWidth], forth[kHeight][kWidth], back[kHeight][kWidth];

static void prepare(void) {
  kernel_fill(&image[0][0], (size_t)kHeight * kWidth, 1);
}

static void run(void) {
  const double alpha = 0.25, decay = exp(-alpha);
  const double k = (1 - decay) * (1 - decay) / (1 + 2 * alpha * decay - exp(-2 * alpha));
  const double a1 = k, a2 = k * decay * (alpha - 1), a3 = k * decay * (alpha + 1), a4 = -k * exp(-2 * alpha);
  const double b1 = 2 * decay, b2 = -exp(-2 * alpha);
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kHeight; ++i) {
      double x1 = 0, y1 = 0, y2 = 0;
      for (int j = 0; j < kWidth; ++j) {
        forth[i][j] = a1 * image[i][j] + a2 * x1 + b1 * y1 + b2 * y2;
        x1 = image[i][j];
        y2 = y1;
        y1 = forth[i][j];
      }
      double x2 = 0;
      x1 = y1 = y2 = 0;
      for (int j = kWidth - 1; j >= 0; --j) {
        back[i][j] = a3 * x1 + a4 * x2 + b1 * y1 + b2 * y2;
        x2 = x1;
        x1 = image[i][j];
        y2 = y1;
        y1 = back[i][j];
      }
      for (int j = 0; j < kWidth; ++j) image[i][j] = forth[i][j] + back[i][j];
    }
    for (int j = 0; j < kWidth; ++j) {
      double x1 = 0, y1 = 0, y2 = 0;
      for (int i = 0; i < kHeight; ++i) {
        forth[i][j] = a1 * image[i][j] + a2 * x1 + b1 * y1 + b2 * y2;
        x1 = image[i][j];
        y2 = y1;
        y1 = forth[i][j];
      }
      double x2 = 0;
      x1 = y1 = y2 = 0;
      for (int i = kHeight - 1; i >= 0; --i) {
        back[i][j] = a3 * x1 + a4 * x2 + b1 * y1 + b2 * y2;
        x2 = x1;
        x1 = image[i][j];
        y2 = y1;
        y1 = back[i][j];
      }
    }
    for (int i = 0; i < kHeight; ++i) {
      for (int j = 0; j < kWidth; ++j) image[i][j] = forth[i][j] + back[i][j];
    }
  }
}

static double checksum(void) {
  return kernel_digest(&image[0][0], (size_t)kHeight * kWidth);
}

KERNEL(prepare, run, checksum)
