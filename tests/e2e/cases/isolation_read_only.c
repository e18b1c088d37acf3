// A directory mapped read-only is read, and every way to change it fails.
// mount: ro
// file: data b"data"
// file: dir/x b"x"
// symlink: link data
// stdout: data
// stdout: dir/x: found
// stdout: open to write: refused
// stdout: open to append: refused
// stdout: create: refused
// stdout: truncate: refused
// stdout: unlink: refused
// stdout: rename: refused
// stdout: mkdir: refused
// stdout: rmdir: refused
// stdout: link: refused
// stdout: symlink: refused
// stdout: times: refused
// stdout: ftruncate: refused
// stdout: write: refused
// stdout: through a directory's descriptor: refused
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void show(const char* what, int result) {
  printf("%s: %s\n", what, result < 0 ? "refused" : "DONE");
}

int main(void) {
  char text[8] = {0};
  const int fd = open("link", O_RDONLY);
  read(fd, text, sizeof text - 1);
  printf("%s\n", text);
  printf("dir/x: %s\n", access("dir/x", R_OK) == 0 ? "found" : "LOST");
  show("open to write", open("data", O_WRONLY));
  show("open to append", open("data", O_WRONLY | O_APPEND));
  show("create", open("new", O_WRONLY | O_CREAT, 0666));
  show("truncate", open("data", O_RDWR | O_TRUNC));
  show("unlink", unlink("data"));
  show("rename", rename("data", "other"));
  show("mkdir", mkdir("new", 0777));
  show("rmdir", rmdir("dir"));
  show("link", link("data", "hard"));
  show("symlink", symlink("data", "soft"));
  const struct timespec times[2] = {{1, 0}, {1, 0}};
  show("times", utimensat(AT_FDCWD, "data", times, 0));
  show("ftruncate", ftruncate(fd, 0));
  show("write", (int)write(fd, "x", 1));
  const int dir = open("dir", O_RDONLY | O_DIRECTORY);
  show("through a directory's descriptor", openat(dir, "x", O_WRONLY));
  return 0;
}
