// Calls through tables of functions of several types.
#include <stdio.h>

static int add(int a, int b) {
  return a + b;
}
static int subtract(int a, int b) {
  return a - b;
}
static int multiply(int a, int b) {
  return a * b;
}
static double halve(double x) {
  return x / 2;
}
static double square(double x) {
  return x * x;
}
static long long widen(int a, long long b, float c, double d) {
  return a + b + (long long)(c + d);
}

int main(void) {
  int (*const integers[])(int, int) = {add, subtract, multiply};
  double (*const reals[])(double) = {halve, square};
  long long (*volatile mixed)(int, long long, float, double) = widen;
  int x = 7;
  double y = 3;
  for (volatile int i = 0; i < 12; i = i + 1) {
    x = integers[i % 3](x, i);
    y = reals[i % 2](y);
  }
  printf("%d %.17g %lld\n", x, y, mixed(1, 1LL << 40, 2.5f, 3.5));
  printf("%d %d\n", integers[0] == add, (void*)integers[0] == (void*)integers[1]);
  return 0;
}
