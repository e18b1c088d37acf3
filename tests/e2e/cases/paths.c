// Paths with dots, doubled and trailing slashes are walked as the host walks them.
// file: a/b/file b"found"
// file: a/c/other b"x"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static void look(const char* path) {
  struct stat status;
  printf("%s: %s\n", path, stat(path, &status) == 0 ? "there" : error_name(errno));
}

int main(void) {
  look("a/b/file");
  look("./a/./b/./file");
  look("a//b///file");
  look("a/c/../b/file");
  look("a/b/");
  look("a/missing/../b/file");
  look("a/b/file/");
  look("a/b/file/..");
  look("a/c/..");
  char name[300];
  memset(name, 'n', 255);
  name[255] = 0;
  look(name);
  memset(name, 'n', 256);
  name[256] = 0;
  look(name);
  return 0;
}
