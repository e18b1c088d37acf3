// Seeking from the start, the position and the end, and beyond the end, which leaves zeros.
// file: data b"0123456789"
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  const int fd = OPEN("data", O_RDWR);
  char c = 0;
  SHOW(lseek(fd, 3, SEEK_SET));
  SHOW(read(fd, &c, 1));
  printf("%c\n", c);
  SHOW(lseek(fd, 2, SEEK_CUR));
  SHOW(read(fd, &c, 1));
  printf("%c\n", c);
  SHOW(lseek(fd, -1, SEEK_END));
  SHOW(read(fd, &c, 1));
  printf("%c\n", c);
  SHOW(read(fd, &c, 1));
  SHOW(lseek(fd, -1, SEEK_SET));
  SHOW(lseek(fd, 0, 77));
  SHOW(lseek(fd, 100, SEEK_SET));
  SHOW(write(fd, "end", 3));
  SHOW(lseek(fd, 0, SEEK_END));
  SHOW(lseek(fd, 50, SEEK_SET));
  SHOW(read(fd, &c, 1));
  printf("%d\n", c);
  SHOW(lseek(fd, 1LL << 33, SEEK_SET));  // beyond 4 GiB: offsets have 64 bits
  SHOW(read(fd, &c, 1));
  SHOW(close(fd));
  SHOW(lseek(fd, 0, SEEK_CUR));
  return 0;
}
