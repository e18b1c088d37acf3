// A call through a pointer of another type than the function's traps.
// trap: indirect call type mismatch in apply
// stdout: 6
#include <stdint.h>
#include <stdio.h>

static int twice(int x) {
  return 2 * x;
}

typedef int (*of_int)(int);
typedef double (*of_doubles)(double, double);

__attribute__((noinline)) static double apply(of_doubles function, double x) {
  return function(x, x) + 1;
}

int main(void) {
  of_int volatile function = twice;
  printf("%d\n", twice(3));
  fflush(stdout);
  printf("%g\n", apply((of_doubles)(uintptr_t)function, 3));
  return 0;
}
