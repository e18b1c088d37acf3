// chdir moves where relative paths start.
// file: sub/deep/file b"content"
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  SHOW(chdir("sub"));
  SHOW(access("deep/file", R_OK));
  SHOW(chdir("deep"));
  SHOW(access("file", R_OK));
  SHOW(chdir("missing"));
  SHOW(chdir("file"));
  const int fd = OPEN("made here", O_WRONLY | O_CREAT, 0666);
  SHOW(close(fd));
  return 0;
}
