// All-pairs shortest paths of a dense directed graph, by Floyd and Warshall, on 32-bit lengths.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(900, 160), kMostLength = 1000000 };

static int32_t length[kSize][kSize];

static void prepare(void) {
  uint64_t state = 5;
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kSize; ++j)
      length[i][j] = i == j ? 0 : 1 + (int32_t)(kernel_random(&state) % kMostLength);
  }
}

static void run(void) {
  for (int k = 0; k < kSize; ++k) {
    for (int i = 0; i < kSize; ++i) {
      for (int j = 0; j < kSize; ++j) {
        const int32_t detour = length[i][k] + length[k][j];
        length[i][j] = detour < length[i][j] ? detour : length[i][j];
      }
    }
  }
}

static double checksum(void) {
  int64_t sum = 0;
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kSize; ++j) sum += length[i][j] * (int64_t)(1 + (i + j) % 5);
  }
  return (double)sum;
}

KERNEL(prepare, run, checksum)
