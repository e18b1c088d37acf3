// Lines from standard input: fgets, getline, ungetc, a last line without newline.
// stdin: b"first line\nsecond line\n  42 -17 0x1f\nno newline at the end"
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  char line[64];
  printf("[%s]", fgets(line, sizeof line, stdin));
  const int c = getchar();
  ungetc(c, stdin);
  printf("peeked %c\n", c);
  char* grown = NULL;
  size_t capacity = 0;
  printf("%d [%s]\n", (int)getline(&grown, &capacity, stdin), grown);
  int a = 0, b = 0;
  unsigned x = 0;
  printf("%d: ", scanf("%d %d %x", &a, &b, &x));
  printf("%d %d %u\n", a, b, x);
  while (fgets(line, sizeof line, stdin)) printf("[%s]", line);
  printf(" eof %d error %d\n", feof(stdin) != 0, ferror(stdin) != 0);
  free(grown);
  return 0;
}
