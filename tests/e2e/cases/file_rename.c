// Renaming: onto a new name, over a file, into another directory, of a directory, and what must fail.
// file: a.txt b"a"
// file: b.txt b"b"
// file: c.txt b"c"
// file: full/x b"x"
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  SHOW(rename("a.txt", "renamed.txt"));
  SHOW(rename("renamed.txt", "b.txt"));
  SHOW(mkdir("sub", 0777));
  SHOW(rename("b.txt", "sub/b.txt"));
  SHOW(rename("sub", "moved"));
  SHOW(access("moved/b.txt", R_OK));
  SHOW(rename("missing", "anything"));
  SHOW(rename("moved", "full"));
  SHOW(rename("c.txt", "full"));
  SHOW(rename("moved", "c.txt"));
  SHOW(rename("c.txt", "c.txt"));
  return 0;
}
