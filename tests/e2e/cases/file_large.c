// Sixteen megabytes written and read in blocks that fit no page, then checked at random places.
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "check.h"

enum { kBlock = 99991, kBlocks = 168 };

static unsigned char expected(size_t at) {
  return (unsigned char)((at * 2654435761u) >> 13);
}

int main(void) {
  static unsigned char block[kBlock];
  const int fd = OPEN("large", O_RDWR | O_CREAT, 0666);
  for (size_t i = 0; i < kBlocks; ++i) {
    for (size_t j = 0; j < kBlock; ++j) block[j] = expected(i * kBlock + j);
    if (write(fd, block, kBlock) != kBlock) printf("short write in block %zu\n", i);
  }
  SHOW(lseek(fd, 0, SEEK_END));
  SHOW(lseek(fd, 0, SEEK_SET));
  size_t at = 0, wrong = 0;
  ssize_t got;
  while ((got = read(fd, block, 65537)) > 0) {
    for (ssize_t j = 0; j < got; ++j) wrong += block[j] != expected(at + (size_t)j);
    at += (size_t)got;
  }
  printf("%zu bytes read, %zu wrong\n", at, wrong);
  uint32_t random = 1;
  for (int i = 0; i < 1000; ++i) {
    random = random * 1664525 + 1013904223;
    const size_t where = random % (kBlock * (size_t)kBlocks);
    wrong += pread(fd, block, 1, (off_t)where) != 1 || block[0] != expected(where);
  }
  printf("%zu wrong\n", wrong);
  SHOW(close(fd));
  SHOW(unlink("large"));
  return 0;
}
