// Clocks: monotonic time never runs backwards, real time is of this century, sleeping takes at least as long
// as asked.
#include <time.h>
#include <unistd.h>

#include "check.h"

static long long nanoseconds(clockid_t clock) {
  struct timespec now = {0, 0};
  if (clock_gettime(clock, &now) != 0) return -1;
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int main(void) {
  HOLDS(nanoseconds(CLOCK_REALTIME) > 1700000000LL * 1000000000);
  HOLDS(nanoseconds(CLOCK_REALTIME) < 4000000000LL * 1000000000);
  HOLDS(time(NULL) > 1700000000);
  long long last = nanoseconds(CLOCK_MONOTONIC);
  int backwards = 0;
  for (int i = 0; i < 20000; ++i) {
    const long long now = nanoseconds(CLOCK_MONOTONIC);
    backwards += now < last;
    last = now;
  }
  printf("%d times backwards\n", backwards);
  struct timespec resolution = {0, 0};
  SHOW(clock_getres(CLOCK_MONOTONIC, &resolution));
  HOLDS(resolution.tv_sec == 0 && resolution.tv_nsec >= 1);

  const long long before = nanoseconds(CLOCK_MONOTONIC);
  const struct timespec pause = {0, 20000000};
  SHOW(nanosleep(&pause, NULL));
  HOLDS(nanoseconds(CLOCK_MONOTONIC) - before >= 20000000);
  SHOW(usleep(1000));
  return 0;
}
