// poll: a timeout alone, a file that is always ready, standard input at its end.
// file: data b"x"
#include <fcntl.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static long long milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int main(void) {
  const int fd = OPEN("data", O_RDWR);
  struct pollfd file = {fd, POLLRDNORM, 0};
  HOLDS(poll(&file, 1, 1000) == 1);
  HOLDS(file.revents == POLLRDNORM);
  file.events = POLLWRNORM;
  HOLDS(poll(&file, 1, 1000) == 1);
  HOLDS(file.revents == POLLWRNORM);
  const long long before = milliseconds();
  struct pollfd input = {0, POLLRDNORM, 0};
  HOLDS(poll(&input, 1, 10000) == 1);  // the end of a file is readable
  HOLDS(milliseconds() - before < 5000);
  return 0;
}
