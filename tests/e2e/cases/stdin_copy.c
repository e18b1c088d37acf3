// A filter: standard input to standard output, a megabyte.
// stdin: b"The quick brown fox jumps over the lazy dog.\n" * 24000
#include <ctype.h>
#include <stdio.h>

int main(void) {
  int c;
  while ((c = getchar()) != EOF) putchar(toupper(c));
  return 0;
}
