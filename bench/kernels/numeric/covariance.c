// The covariance matrix of the columns of a table, by dot products of columns.
#include "../kernel.h"

enum { kRows = KERNEL_SIZE(560, 160), kColumns = KERNEL_SIZE(520, 140) };

static double data[kRows][kColumns], covariance[kColumns][kColumns], mean[kColumns];

static void prepare(void) {
  kernel_fill(&data[0][0], (size_t)kRows * kColumns, 1);
}

static void run(void) {
  for (int j = 0; j < kColumns; ++j) {
    mean[j] = 0;
    for (int i = 0; i < kRows; ++i) mean[j] += data[i][j];
    mean[j] /= kRows;
  }
  for (int i = 0; i < kRows; ++i) {
    for (int j = 0; j < kColumns; ++j) data[i][j] -= mean[j];
  }
  for (int j = 0; j < kColumns; ++j) {
    for (int k = j; k < kColumns; ++k) {
      double sum = 0;
      for (int i = 0; i < kRows; ++i) sum += data[i][j] * data[i][k];
      covariance[j][k] = covariance[k][j] = sum / (kRows - 1);
    }
  }
}

static double checksum(void) {
  return kernel_digest(&covariance[0][0], (size_t)kColumns * kColumns);
}

KERNEL(prepare, run, checksum)
