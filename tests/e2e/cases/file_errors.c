// Descriptors used against how they were opened, after closing, or never opened.
// file: data b"data"
// file: dir/x b"x"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  char c = 'x';
  int fd = OPEN("data", O_RDONLY);
  SHOW(write(fd, &c, 1));
  SHOW(close(fd));
  SHOW(close(fd));
  SHOW(read(fd, &c, 1));
  SHOW(write(fd, &c, 1));
  struct stat status;
  SHOW(fstat(fd, &status));
  fd = OPEN("data", O_WRONLY);
  SHOW(read(fd, &c, 1));
  SHOW(close(fd));
  SHOW(read(1234, &c, 1));
  SHOW(read(-1, &c, 1));
  fd = OPEN("dir", O_RDONLY);
  HOLDS(read(fd, &c, 1) == -1);  // EISDIR on Linux, EBADF in other WASI hosts
  SHOW(close(fd));
  return 0;
}
