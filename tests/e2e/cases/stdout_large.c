// A large output in writes of many sizes, buffered and not.
#include <stdio.h>
#include <unistd.h>

int main(void) {
  static char block[70000];
  for (size_t i = 0; i < sizeof block; ++i) block[i] = (char)('a' + i % 26);
  for (size_t size = 1; size <= sizeof block; size = size * 3 + 1) {
    fwrite(block, 1, size, stdout);
    putchar('\n');
    fflush(stdout);
    if (write(1, block, size) != (ssize_t)size) return 1;
  }
  return 0;
}
