// A file is written, read back, and stays.
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  FILE* out = fopen("notes.txt", "w");
  HOLDS(out != NULL);
  SHOW(fprintf(out, "line %d\nline %d\n", 1, 2));
  SHOW(fclose(out));

  FILE* in = fopen("notes.txt", "r");
  char line[32];
  while (fgets(line, sizeof line, in)) printf("[%s]", line);
  SHOW(fclose(in));

  FILE* none = fopen("missing.txt", "r");
  printf("missing: %s\n", none ? "opened" : error_name(errno));
  return 0;
}
