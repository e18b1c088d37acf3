// The flags of a descriptor are told and changed.
// file: data b"0123456789"
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  const int fd = OPEN("data", O_RDWR);
  HOLDS((fcntl(fd, F_GETFL) & O_APPEND) == 0);
  HOLDS((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
  SHOW(fcntl(fd, F_SETFL, O_APPEND));
  HOLDS((fcntl(fd, F_GETFL) & O_APPEND) == O_APPEND);
  SHOW(write(fd, "end", 3));
  SHOW(fcntl(fd, F_SETFL, 0));
  SHOW(lseek(fd, 0, SEEK_SET));
  SHOW(write(fd, "start", 5));
  SHOW(close(fd));
  return 0;
}
