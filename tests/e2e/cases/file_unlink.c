// A file that is unlinked is gone by name, and lives on for whoever holds it open.
// file: doomed b"still here"
// file: dir/x b"x"
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  const int fd = OPEN("doomed", O_RDONLY);
  SHOW(unlink("doomed"));
  SHOW(unlink("doomed"));
  SHOW(access("doomed", F_OK));
  char content[32] = {0};
  SHOW(read(fd, content, sizeof content - 1));
  printf("%s\n", content);
  SHOW(close(fd));
  SHOW(unlink("dir/missing"));
  SHOW(unlink("dir/x/y"));
  SHOW(remove("dir/x"));
  return 0;
}
