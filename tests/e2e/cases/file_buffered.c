// The C library's streams: buffering modes, positions, fscanf, ungetc, update mode, tmp names.
// file: table b"alpha 1 0.5\nbeta 22 -1.25e3\ngamma 333 nan\n"
#include "check.h"

int main(void) {
  FILE* table = fopen("table", "r");
  char name[16];
  int count = 0;
  double value = 0;
  while (fscanf(table, "%15s %d %lf", name, &count, &value) == 3) printf("%s %d %g\n", name, count, value);
  SHOW(feof(table) != 0);
  rewind(table);
  fpos_t start;
  SHOW(fgetpos(table, &start));
  SHOW(fgetc(table));
  SHOW(ungetc('X', table));
  SHOW(fgetc(table));
  SHOW(ftell(table));
  SHOW(fsetpos(table, &start));
  SHOW(fgetc(table));
  SHOW(fclose(table));

  FILE* file = fopen("update", "w+");
  static char buffer[16];
  SHOW(setvbuf(file, buffer, _IOFBF, sizeof buffer));
  HOLDS(fputs("a line that is longer than the buffer\n", file) >= 0);
  SHOW(fseek(file, 2, SEEK_SET));
  HOLDS(fputs("LINE", file) >= 0);
  SHOW(fseek(file, 0, SEEK_SET));
  char line[64];
  printf("%s", fgets(line, sizeof line, file));
  SHOW(fclose(file));
  return 0;
}
