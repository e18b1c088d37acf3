// Endless mutual recursion through pointers that change, so that neither is inlined into the other, exhausts the call stack too.
// trap: call stack exhausted in even, odd
#include <stdio.h>

static double even(double x);
static double odd(double x);
static double (*volatile steps[])(double) = {even, odd};

static double even(double x) {
  return steps[1](x + 1) / 2;
}

static double odd(double x) {
  return steps[0](x) + 1;
}

int main(void) {
  printf("%g\n", steps[0](0));
  return 0;
}
