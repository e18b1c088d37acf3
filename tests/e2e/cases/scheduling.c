// sched_yield returns, and the processor's clock advances with work.
#include <sched.h>
#include <time.h>

#include "check.h"

int main(void) {
  SHOW(sched_yield());
  volatile unsigned x = 1;
  for (int i = 0; i < 1000000; ++i) x = x * 3 + 1;
  struct timespec now;
  SHOW(clock_gettime(CLOCK_MONOTONIC, &now));
  HOLDS(x != 1);
  return 0;
}
