// Descriptors that were not given do not work, closing the mapped directory closes it, and numbers far away
// are refused.
// file: data b"data"
// stdout: unknown descriptors that answered: 0
// stdout: closed directory: refused
// stdout: stdout still works
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
  const int directory = open(".", O_RDONLY | O_DIRECTORY);
  int answered = 0;
  struct stat status;
  char byte;
  for (int fd = directory + 1; fd < directory + 2000; ++fd)
    answered += fstat(fd, &status) == 0 || read(fd, &byte, 1) >= 0;
  const int far[] = {-1, -2147483647 - 1, 2147483647, 1 << 20};
  for (int i = 0; i < 4; ++i) answered += fstat(far[i], &status) == 0 || read(far[i], &byte, 1) >= 0;
  printf("unknown descriptors that answered: %d\n", answered);
  close(directory);
  printf("closed directory: %s\n", openat(directory, "data", O_RDONLY) < 0 ? "refused" : "OPENED");
  printf("stdout still works\n");
  return 0;
}
