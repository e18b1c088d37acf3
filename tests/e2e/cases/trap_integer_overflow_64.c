// The least 64-bit integer over minus one overflows.
// trap: integer overflow in divide
#include <limits.h>

__attribute__((noinline)) static long long divide(volatile long long a, volatile long long b) {
  return a / b;
}

int main(void) {
  return (int)divide(LLONG_MIN, -1);
}
