// Files are neither moved nor linked across the edge of the mapped directory.
// outside: secret.txt b"secret"
// file: x b"x"
// file: sub/y b"y"
// stdout: moved out: refused
// stdout: moved in: refused
// stdout: linked in: refused
// stdout: linked out: refused
// stdout: moved by a directory's descriptor: refused
// stdout: climbed by a directory's descriptor: refused
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void show(const char* what, int result) {
  printf("%s: %s\n", what, result < 0 ? "refused" : "DONE");
}

int main(void) {
  show("moved out", rename("x", "../x"));
  show("moved in", rename("../secret.txt", "mine"));
  show("linked in", link("../secret.txt", "mine"));
  show("linked out", link("x", "../x"));
  const int sub = open("sub", O_RDONLY | O_DIRECTORY);
  show("moved by a directory's descriptor", renameat(sub, "y", sub, "../../y"));
  show("climbed by a directory's descriptor", openat(sub, "../../secret.txt", O_RDONLY));
  return 0;
}
