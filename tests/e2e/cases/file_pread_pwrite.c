// pread and pwrite leave the position alone.
// file: data b"0123456789"
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  const int fd = OPEN("data", O_RDWR);
  char buffer[8] = {0};
  SHOW(pread(fd, buffer, 4, 5));
  printf("%s\n", buffer);
  SHOW(pwrite(fd, "AB", 2, 2));
  SHOW(lseek(fd, 0, SEEK_CUR));
  SHOW(pwrite(fd, "Z", 1, 15));
  SHOW(pread(fd, buffer, 4, 100));
  SHOW(read(fd, buffer, 5));
  printf("%.5s\n", buffer);
  SHOW(close(fd));
  return 0;
}
