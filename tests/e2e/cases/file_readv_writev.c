// Scattered and gathered transfers, with empty parts among them.
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  const int fd = OPEN("data", O_RDWR | O_CREAT, 0666);
  char a[] = "alpha", b[] = "beta", c[] = "gamma";
  const struct iovec out[] = {{a, 5}, {NULL, 0}, {b, 4}, {c, 5}};
  SHOW(writev(fd, out, 4));
  SHOW(lseek(fd, 0, SEEK_SET));
  char x[3] = {0}, y[8] = {0}, z[8] = {0};
  const struct iovec in[] = {{x, 2}, {y, 7}, {NULL, 0}, {z, 7}};
  SHOW(readv(fd, in, 4));
  printf("[%s] [%s] [%s]\n", x, y, z);
  SHOW(readv(fd, in, 4));
  SHOW(close(fd));
  return 0;
}
