// An empty standard input is an end of file at once, again and again.
#include <stdio.h>

int main(void) {
  for (int i = 0; i < 3; ++i) printf("%d %d\n", getchar(), feof(stdin) != 0);
  return 0;
}
