// Quicksort of six million 32-bit integers, with the median of three and insertion sort for small parts:
// unpredictable branches.
#include "../kernel.h"

enum { kCount = KERNEL_SIZE(6000000, 100000), kSmall = 16 };

static int32_t values[kCount];

static void prepare(void) {
  uint64_t state = 8;
  for (int i = 0; i < kCount; ++i) values[i] = (int32_t)kernel_random(&state);
}

static void swap(int32_t* a, int32_t* b) {
  const int32_t kept = *a;
  *a = *b;
  *b = kept;
}

static void insertion_sort(int32_t* first, int32_t* last) {
  for (int32_t* at = first + 1; at <= last; ++at) {
    const int32_t value = *at;
    int32_t* to = at;
    for (; to > first && to[-1] > value; --to) *to = to[-1];
    *to = value;
  }
}

// Sorts [first, last], both included.
static void quicksort(int32_t* first, int32_t* last) {
  while (last - first > kSmall) {
    int32_t* middle = first + (last - first) / 2;
    if (*middle < *first) swap(middle, first);
    if (*last < *first) swap(last, first);
    if (*last < *middle) swap(last, middle);
    const int32_t pivot = *middle;
    int32_t *left = first, *right = last;
    while (left <= right) {
      while (*left < pivot) ++left;
      while (*right > pivot) --right;
      if (left <= right) swap(left++, right--);
    }
    // The smaller part by recursion, so that the stack stays shallow; the larger one by the loop.
    if (right - first < last - left) {
      quicksort(first, right);
      first = left;
    } else {
      quicksort(left, last);
      last = right;
    }
  }
  insertion_sort(first, last);
}

static void run(void) {
  quicksort(values, values + kCount - 1);
}

static double checksum(void) {
  uint64_t sum = 0;
  for (int i = 0; i < kCount; ++i) {
    if (i > 0 && values[i - 1] > values[i]) return -1;
    sum = (sum * 31 + (uint32_t)values[i]) & 0xffffffffffff;
  }
  return (double)sum;
}

KERNEL(prepare, run, checksum)
