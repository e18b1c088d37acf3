// 32- and 64-bit arithmetic at its edges: wrap-around, division signs, shifts, rotates, bit counts, 128-bit
// products.
#include <limits.h>
#include <stdint.h>
#include <stdio.h>

int main(void) {
  const int64_t values[] = {0,         1,        -1, 2, -2, 7, -7, INT32_MAX, INT32_MIN, 0x123456789abcdef,
                            INT64_MAX, INT64_MIN};
  enum { kValues = sizeof values / sizeof *values };
  uint64_t hash = 0;
  for (int i = 0; i < kValues; ++i) {
    for (int j = 0; j < kValues; ++j) {
      volatile int64_t a = values[i], b = values[j];
      volatile int32_t c = (int32_t)a, d = (int32_t)b;
      uint64_t results[16] = {0};
      int n = 0;
      results[n++] = (uint64_t)a + (uint64_t)b;
      results[n++] = (uint64_t)a - (uint64_t)b;
      results[n++] = (uint64_t)a * (uint64_t)b;
      if (b != 0 && !(a == INT64_MIN && b == -1))
        results[n++] = (uint64_t)(a / b), results[n++] = (uint64_t)(a % b);
      if (b != 0) results[n++] = (uint64_t)a / (uint64_t)b, results[n++] = (uint64_t)a % (uint64_t)b;
      if (d != 0 && !(c == INT32_MIN && d == -1))
        results[n++] = (uint32_t)(c / d), results[n++] = (uint32_t)(c % d);
      results[n++] = (uint64_t)a << (b & 63);
      results[n++] = (uint64_t)(a >> (b & 63));
      results[n++] = (uint64_t)a >> (b & 63);
      results[n++] = (uint32_t)c << (d & 31) | (uint32_t)c >> (-d & 31);
      for (int k = 0; k < n; ++k) hash = (hash ^ results[k]) * 1099511628211u;
      printf("%llx ", (unsigned long long)results[n - 1]);
    }
    const uint64_t u = (uint64_t)values[i];
    if (u) printf("clz %d ctz %d ", __builtin_clzll(u), __builtin_ctzll(u));
    const unsigned __int128 square = (unsigned __int128)u * u;
    printf("popcount %d square %016llx%016llx\n", __builtin_popcountll(u), (unsigned long long)(square >> 64),
           (unsigned long long)square);
  }
  printf("%016llx\n", (unsigned long long)hash);
  return 0;
}
