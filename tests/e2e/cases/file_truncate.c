// Files shrink and grow by ftruncate, truncate and O_TRUNC; growth reads as zeros.
// file: a b"abcdefghij"
// file: b b"abcdefghij"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  int fd = OPEN("a", O_RDWR);
  SHOW(ftruncate(fd, 4));
  SHOW(ftruncate(fd, 8));
  char content[16] = {0};
  SHOW(pread(fd, content, sizeof content, 0));
  for (int i = 0; i < 8; ++i) printf("%02x ", content[i]);
  printf("\n");
  SHOW(ftruncate(fd, -1));
  SHOW(close(fd));
  fd = OPEN("b", O_WRONLY | O_TRUNC);
  struct stat status;
  SHOW(fstat(fd, &status));
  printf("%lld bytes\n", (long long)status.st_size);
  SHOW(close(fd));
  fd = OPEN("a", O_RDONLY);
  HOLDS(ftruncate(fd, 0) == -1);  // for want of a right in WASI, of a mode on Linux
  SHOW(close(fd));
  return 0;
}
