// A failed assert tells where on standard error, then aborts.
// trap: unreachable in abort, check_age
#include <assert.h>

__attribute__((noinline)) static int check_age(volatile int age) {
  assert(age >= 0);
  return age;
}

int main(void) {
  return check_age(-1);
}
