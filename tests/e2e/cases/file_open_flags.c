// O_CREAT, O_EXCL, O_DIRECTORY and O_TRUNC do what they say, and each failure has its own error.
// file: present b"present"
// file: dir/x b"x"
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  close(OPEN("fresh", O_WRONLY | O_CREAT | O_EXCL, 0666));
  OPEN("fresh", O_WRONLY | O_CREAT | O_EXCL, 0666);
  close(OPEN("present", O_WRONLY | O_CREAT, 0666));
  OPEN("missing", O_RDONLY);
  OPEN("missing/x", O_WRONLY | O_CREAT, 0666);
  OPEN("present", O_RDONLY | O_DIRECTORY);
  OPEN("present/x", O_RDONLY);
  close(OPEN("dir", O_RDONLY | O_DIRECTORY));
  OPEN("dir", O_WRONLY);
  return 0;
}
