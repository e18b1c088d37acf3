// Integers, strings and characters in every width, flag and length.
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

int main(void) {
  const long long values[] = {0, 1, -1, 42, INT_MAX, INT_MIN, LLONG_MAX, LLONG_MIN};
  for (size_t i = 0; i < sizeof values / sizeof *values; ++i) {
    printf("%lld %llu %llx %#llo %+lld % lld %20lld|%-20lld|%020lld\n", values[i],
           (unsigned long long)values[i], (unsigned long long)values[i], (unsigned long long)values[i],
           values[i], values[i], values[i], values[i], values[i]);
    printf("%hhd %hd %d %#X\n", (signed char)values[i], (short)values[i], (int)values[i],
           (unsigned)values[i]);
  }
  printf("%5.3d|%-8s|%.3s|%c|%%|%*d|%-*d|\n", 7, "left", "truncated", 'x', 6, 42, 6, 42);
  printf("%" PRIu64 " %" PRId32 " %zu\n", UINT64_MAX, INT32_MIN, sizeof(int));
  char text[8];
  printf("%d", snprintf(text, sizeof text, "%s", "longer than the buffer"));
  printf(" [%s]\n", text);
  return 0;
}
