// Two names for one file.
// file: a b"shared"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  SHOW(link("a", "b"));
  SHOW(link("a", "b"));
  SHOW(link("missing", "c"));
  struct stat a, b;
  SHOW(stat("a", &a));
  SHOW(stat("b", &b));
  HOLDS(a.st_ino == b.st_ino);
  HOLDS(a.st_nlink == 2);
  const int fd = OPEN("b", O_WRONLY | O_APPEND);
  SHOW(write(fd, "!", 1));
  SHOW(close(fd));
  SHOW(unlink("a"));
  SHOW(stat("b", &b));
  printf("%lld bytes, %d link\n", (long long)b.st_size, (int)b.st_nlink);
  return 0;
}
