// Two hundred files open at once, each with a position of its own; descriptors are used again after closing.
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

enum { kFiles = 200 };

int main(void) {
  int fds[kFiles];
  int opened = 0;
  for (int i = 0; i < kFiles; ++i) {
    char name[16];
    snprintf(name, sizeof name, "f%03d", i);
    fds[i] = open(name, O_RDWR | O_CREAT, 0666);
    opened += fds[i] >= 0;
  }
  printf("%d opened\n", opened);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < kFiles; ++i) {
      char text[16];
      const int length = snprintf(text, sizeof text, "%d.%d ", i, round);
      if (write(fds[i], text, (size_t)length) != length) printf("write to %d failed\n", i);
    }
  }
  const int again = fds[100];
  SHOW(close(fds[100]));
  fds[100] = open("f100", O_RDONLY);
  HOLDS(fds[100] == again);
  char text[64] = {0};
  SHOW(read(fds[100], text, sizeof text));
  printf("%s\n", text);
  for (int i = 0; i < kFiles; ++i) close(fds[i]);
  return 0;
}
