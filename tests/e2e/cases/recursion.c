// Deep but finite recursion: Ackermann, mutual recursion, ten thousand levels.
#include <stdio.h>

__attribute__((noinline)) static unsigned ackermann(unsigned m, unsigned n) {
  if (m == 0) return n + 1;
  if (n == 0) return ackermann(m - 1, 1);
  return ackermann(m - 1, ackermann(m, n - 1));
}

static int is_odd(int n);
__attribute__((noinline)) static int is_even(int n) {
  return n == 0 ? 1 : is_odd(n - 1);
}
__attribute__((noinline)) static int is_odd(int n) {
  return n == 0 ? 0 : is_even(n - 1);
}

__attribute__((noinline)) static long sum(int depth) {
  return depth == 0 ? 0 : depth + sum(depth - 1);
}

int main(void) {
  printf("%u %d %ld\n", ackermann(2, 9), is_even(1001), sum(10000));
  return 0;
}
