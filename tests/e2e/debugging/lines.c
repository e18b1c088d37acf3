// Divides by zero three calls deep, the innermost one inlined; run.py expects these very lines and columns.
#include <stdio.h>

static inline __attribute__((always_inline)) int quotient(int a, int b) {
  return a / b;
}

__attribute__((noinline)) int half(int a, int b) {
  int q = quotient(a, b);
  return q + 1;
}

__attribute__((noinline)) int twice(int n) {
  return half(n, n - n) + 1;
}

int main(int argc, char** argv) {
  (void)argv;
  printf("%d\n", twice(argc));
  return 0;
}
