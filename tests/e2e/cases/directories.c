// Directories are made and removed; every failure has its own error.
// file: plain b"x"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  SHOW(mkdir("a", 0777));
  SHOW(mkdir("a", 0777));
  SHOW(mkdir("a/b", 0777));
  SHOW(mkdir("a/b/c", 0777));
  SHOW(mkdir("missing/x", 0777));
  SHOW(mkdir("plain/x", 0777));
  SHOW(rmdir("a"));
  SHOW(rmdir("plain"));
  SHOW(rmdir("missing"));
  SHOW(rmdir("a/b/c"));
  SHOW(rmdir("a/b"));
  SHOW(rmdir("a/b"));
  const int fd = OPEN("a/file", O_WRONLY | O_CREAT, 0666);
  SHOW(close(fd));
  SHOW(rmdir("a"));
  SHOW(unlink("a/file"));
  SHOW(rmdir("a"));
  return 0;
}
