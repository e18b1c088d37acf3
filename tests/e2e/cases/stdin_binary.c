// Every byte value passes through a pipe unharmed, more than a buffer of them.
// stdin: b"\x00\x01\x7f\x80\xff\n\r\x1a\x04 and some text to fill the pipe" * 20000
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
  static unsigned char buffer[5000];  // no power of two: reads straddle
  uint64_t hash = 14695981039346656037u;
  long total = 0;
  ssize_t got;
  while ((got = read(0, buffer, sizeof buffer)) > 0) {
    for (ssize_t i = 0; i < got; ++i) hash = (hash ^ buffer[i]) * 1099511628211u;
    total += got;
  }
  printf("%ld bytes, FNV-1a %016llx, end %zd\n", total, (unsigned long long)hash, got);
  return 0;
}
