// Symbolic links inside the directory are made, read and followed; lstat and O_NOFOLLOW see the link itself.
// file: target b"the target"
// file: dir/inner b"inner"
// symlink: old target
// symlink: loop loop
// symlink: dirlink dir
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  SHOW(symlink("target", "new"));
  SHOW(symlink("target", "new"));
  SHOW(symlink("../target", "dir/up"));
  SHOW(symlink("nowhere", "dangling"));
  char text[64] = {0};
  SHOW(readlink("new", text, sizeof text - 1));
  printf("%s\n", text);
  SHOW(readlink("old", text, 3));
  printf("%.3s\n", text);
  SHOW(readlink("target", text, sizeof text));
  struct stat status;
  SHOW(stat("old", &status));
  HOLDS(S_ISREG(status.st_mode));
  SHOW(lstat("old", &status));
  HOLDS(S_ISLNK(status.st_mode));
  SHOW(stat("dangling", &status));
  SHOW(stat("loop", &status));
  SHOW(stat("dirlink/inner", &status));
  OPEN("old", O_RDONLY | O_NOFOLLOW);
  const int fd = OPEN("dir/up", O_RDONLY);
  memset(text, 0, sizeof text);
  SHOW(read(fd, text, sizeof text - 1));
  printf("%s\n", text);
  SHOW(unlink("old"));
  SHOW(stat("target", &status));
  return 0;
}
