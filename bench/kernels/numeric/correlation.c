// The correlation matrix of the columns of a table, summed up row by row.
#include "../kernel.h"

enum { kRows = KERNEL_SIZE(1100, 160), kColumns = KERNEL_SIZE(1000, 140) };

static double data[kRows][kColumns], correlation[kColumns][kColumns], mean[kColumns], deviation[kColumns];

static void prepare(void) {
  kernel_fill(&data[0][0], (size_t)kRows * kColumns, 1);
}

static void run(void) {
  for (int i = 0; i < kRows; ++i) {
    for (int j = 0; j < kColumns; ++j) mean[j] += data[i][j] / kRows;
  }
  for (int i = 0; i < kRows; ++i) {
    for (int j = 0; j < kColumns; ++j) {
      const double distance = data[i][j] - mean[j];
      deviation[j] += distance * distance;
    }
  }
  for (int j = 0; j < kColumns; ++j) {
    deviation[j] = sqrt(deviation[j] / kRows);
    if (deviation[j] <= 0.1) deviation[j] = 1;
  }
  const double scale = sqrt((double)kRows);
  for (int i = 0; i < kRows; ++i) {
    for (int j = 0; j < kColumns; ++j) data[i][j] = (data[i][j] - mean[j]) / (scale * deviation[j]);
  }
  for (int i = 0; i < kRows; ++i) {
    for (int j = 0; j < kColumns; ++j) {
      for (int k = j; k < kColumns; ++k) correlation[j][k] += data[i][j] * data[i][k];
    }
  }
  for (int j = 0; j < kColumns; ++j) {
    for (int k = 0; k < j; ++k) correlation[j][k] = correlation[k][j];
  }
}

static double checksum(void) {
  return kernel_digest(&correlation[0][0], (size_t)kColumns * kColumns);
}

KERNEL(prepare, run, checksum)
