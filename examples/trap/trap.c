// A guest with a bug: it sums an array and walks far past its end. Twine stops it there and names the
// functions that led to the access; the machine around it is untouched.
//
//   twine run trap.wasm        exits 134 with `trap: out of bounds memory access` and a backtrace
#include <stddef.h>
#include <stdio.h>

enum { kReadings = 4 };

__attribute__((noinline)) static int sum_readings(const volatile int* readings, size_t count) {
  int sum = 0;
  for (size_t i = 0; i < count; ++i) sum += readings[i];
  return sum;
}

__attribute__((noinline)) static int report(size_t count) {
  static const volatile int readings[kReadings] = {3, 1, 4, 1};
  return sum_readings(readings, count);
}

int main(void) {
  printf("the first %d readings sum to %d\n", kReadings, report(kReadings));
  fflush(stdout);
  // The count of a corrupted record: a gigabyte more than there is.
  printf("and all of them to %d\n", report((size_t)1 << 28));
  return 0;
}
