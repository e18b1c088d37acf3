// Reads a file to its end in pieces of 1 MiB and says how many bytes there were, and whether each is what its place says (place / 4096).
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static unsigned char piece[1 << 20];

int main(void) {
  const int file = open("/host/file", O_RDONLY);
  long place = 0;
  long wrong = 0;
  for (ssize_t count; (count = read(file, piece, sizeof piece)) != 0;) {
    if (count < 0) {
      perror("read");
      return 1;
    }
    for (ssize_t i = 0; i < count; ++i, ++place) wrong += piece[i] != (unsigned char)(place / 4096 + 1);
  }
  printf("%ld bytes, %ld wrong\n", place, wrong);
  return 0;
}
