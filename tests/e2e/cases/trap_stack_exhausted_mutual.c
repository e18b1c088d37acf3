// Endless mutual recursion through function pointers exhausts the call stack too.
// trap: call stack exhausted in even, odd
#include <stdio.h>

static double odd(double (*next)(double), double x);
static double (*volatile step)(double);

__attribute__((noinline)) static double even(double x) {
  return odd(step, x + 1) / 2;
}
__attribute__((noinline)) static double odd(double (*next)(double), double x) {
  return next(x) + 1;
}

int main(void) {
  step = even;
  printf("%g\n", even(0));
  return 0;
}
