/* What gdb and perf look at: a hot function, called from one that the guest's main calls. */
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) unsigned fibonacci(unsigned n) {
  if (n < 2) return n;
  unsigned smaller = fibonacci(n - 1);
  return smaller + fibonacci(n - 2);
}

__attribute__((noinline)) void report(unsigned n) {
  printf("%u\n", fibonacci(n));
  fflush(stdout);
}

int main(int argc, char** argv) {
  report(argc > 1 ? (unsigned)atoi(argv[1]) : 20);
  return 0;
}
