// Appending always writes at the end, wherever the position was set.
// file: log.txt b"one\n"
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  const int fd = OPEN("log.txt", O_WRONLY | O_APPEND);
  SHOW(write(fd, "two\n", 4));
  SHOW(lseek(fd, 0, SEEK_SET));
  SHOW(write(fd, "three\n", 6));
  SHOW(lseek(fd, 0, SEEK_CUR));
  SHOW(close(fd));

  FILE* file = fopen("log.txt", "a+");
  fprintf(file, "four\n");
  SHOW(fseek(file, 0, SEEK_SET));
  int c;
  while ((c = fgetc(file)) != EOF) putchar(c);
  SHOW(fclose(file));

  FILE* made = fopen("new.txt", "a");
  fputs("made by append\n", made);
  SHOW(fclose(made));
  return 0;
}
