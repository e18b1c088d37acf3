// Nussinov's prediction of RNA secondary structure: dynamic programming over all intervals of a sequence.
#include "../kernel.h"

enum { kSize = KERNEL_SIZE(1100, 250) };

static int32_t score[kSize][kSize];
static uint8_t base[kSize];  // 0 to 3; a base pairs with 3 minus itself

static void prepare(void) {
  uint64_t state = 1;
  for (int i = 0; i < kSize; ++i) base[i] = kernel_random(&state) % 4;
}

static int32_t larger(int32_t a, int32_t b) {
  return a > b ? a : b;
}

static void run(void) {
  for (int i = kSize - 2; i >= 0; --i) {
    for (int j = i + 1; j < kSize; ++j) {
      int32_t best = score[i][j - 1];
      best = larger(best, score[i + 1][j]);
      const int32_t pair = i < j - 1 && base[i] + base[j] == 3;
      best = larger(best, score[i + 1][j - 1] + pair);
      for (int k = i + 1; k < j; ++k) best = larger(best, score[i][k] + score[k + 1][j]);
      score[i][j] = best;
    }
  }
}

static double checksum(void) {
  uint64_t sum = 0;
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kSize; ++j) sum += (uint64_t)score[i][j] * (uint64_t)(1 + j % 7);
  }
  return (double)sum;
}

KERNEL(prepare, run, checksum)
