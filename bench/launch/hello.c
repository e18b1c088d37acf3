// The native program that a launch is compared with: writes the wall clock as its first act, as guest.wat does.
#include <stdint.h>
#include <time.h>
#include <unistd.h>

int main(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  const uint64_t nanoseconds = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
  return write(1, &nanoseconds, sizeof nanoseconds) == sizeof nanoseconds ? 0 : 1;
}
