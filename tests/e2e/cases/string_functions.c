// <string.h>: searching, comparing, copying, splitting, over aligned and unaligned bytes.
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static int sign(int x) {
  return (x > 0) - (x < 0);
}

int main(void) {
  char text[] = "the quick brown fox, jumps; over the lazy dog";
  printf("%zu %s %s %s\n", strlen(text), strchr(text, 'q'), strrchr(text, 't'), strstr(text, "fox"));
  printf("%zu %zu %s\n", strspn(text, "eht "), strcspn(text, ",;"), strpbrk(text, ";,"));
  printf("%d %d %d %d\n", sign(strcmp("abc", "abd")), sign(strncmp("abc", "abd", 2)),
         sign(strcasecmp("ABC", "abc")), sign(memcmp("\x80", "\x7f", 1)));
  char copy[64];
  strcpy(copy, text);
  char* state;
  for (char* word = strtok_r(copy, " ,;", &state); word; word = strtok_r(NULL, " ,;", &state))
    printf("<%s>", word);
  printf("\n");
  char buffer[16];
  strncpy(buffer, "0123456789abcdefgh", sizeof buffer);
  printf("%.16s\n", buffer);
  memmove(buffer + 3, buffer, 10);
  printf("%.16s\n", buffer);
  memmove(buffer, buffer + 5, 11);
  printf("%.16s\n", buffer);
  int classes[4] = {0};
  for (int c = 0; c < 128; ++c)
    classes[0] += !!isalpha(c), classes[1] += !!isdigit(c), classes[2] += !!ispunct(c),
        classes[3] += !!isspace(c);
  printf("%d %d %d %d\n", classes[0], classes[1], classes[2], classes[3]);
  return 0;
}
