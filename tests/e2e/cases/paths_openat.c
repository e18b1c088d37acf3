// Files are reached relative to an open directory.
// file: base/inner/file b"content"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  const int base = OPEN("base", O_RDONLY | O_DIRECTORY);
  const int inner = openat(base, "inner", O_RDONLY | O_DIRECTORY);
  HOLDS(inner >= 0);
  const int file = openat(inner, "file", O_RDONLY);
  char text[16] = {0};
  SHOW(read(file, text, sizeof text - 1));
  printf("%s\n", text);
  SHOW(mkdirat(inner, "made", 0777));
  SHOW(renameat(inner, "file", base, "moved"));
  struct stat status;
  SHOW(fstatat(base, "moved", &status, 0));
  SHOW(fstatat(inner, "file", &status, 0));
  SHOW(faccessat(base, "inner/made", F_OK, 0));
  SHOW(unlinkat(inner, "made", AT_REMOVEDIR));
  SHOW(unlinkat(inner, "made", AT_REMOVEDIR));
  HOLDS(openat(file, "x", O_RDONLY) == -1);
  return 0;
}
