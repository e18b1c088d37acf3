// fsync, fdatasync, posix_fallocate and posix_fadvise succeed on a file.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  const int fd = OPEN("data", O_RDWR | O_CREAT, 0666);
  SHOW(write(fd, "data", 4));
  SHOW(fsync(fd));
  SHOW(fdatasync(fd));
  SHOW(posix_fallocate(fd, 0, 4096));
  struct stat status;
  SHOW(fstat(fd, &status));
  printf("%lld bytes\n", (long long)status.st_size);
  SHOW(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
  SHOW(close(fd));
  SHOW(fsync(fd));
  return 0;
}
