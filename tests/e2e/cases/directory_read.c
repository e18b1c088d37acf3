// readdir lists every entry once, with its kind, also when there are more than fit one buffer.
// file: notes.txt b"x"
// file: sub/inner b"x"
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

static int by_name(const void* a, const void* b) {
  return strcmp(*(char* const*)a, *(char* const*)b);
}

static int list(const char* path, char** names) {
  DIR* directory = opendir(path);
  if (!directory) {
    printf("opendir(%s): %s\n", path, error_name(errno));
    return 0;
  }
  int count = 0;
  for (struct dirent* entry; (entry = readdir(directory)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char text[300];
    snprintf(text, sizeof text, "%s%s", entry->d_name,
             entry->d_type == DT_DIR   ? "/"
             : entry->d_type == DT_REG ? ""
                                       : "?");
    names[count++] = strdup(text);
  }
  closedir(directory);
  qsort(names, (size_t)count, sizeof *names, by_name);
  return count;
}

int main(void) {
  static char* names[1000];
  int count = list(".", names);
  for (int i = 0; i < count; ++i) printf("%s\n", names[i]);
  list("missing", names);
  list("notes.txt", names);

  for (int i = 0; i < 500; ++i) {
    char path[300];
    // Names of very different lengths, so that entries fall across the ends of buffers.
    snprintf(path, sizeof path, "sub/entry-%03d-%.*s", i, (i * 37) % 200,
             "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
             "xxxxxxxxxxxxx"
             "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
             "xxxxxxxxxxxxx");
    const int fd = open(path, O_WRONLY | O_CREAT, 0666);
    if (fd < 0) printf("%s: %s\n", path, error_name(errno));
    close(fd);
  }
  count = list("sub", names);
  printf("%d entries, first %s, last %s\n", count, names[0], names[count - 1]);
  int twice = 0;
  for (int i = 1; i < count; ++i) twice += strcmp(names[i], names[i - 1]) == 0;
  printf("%d listed twice\n", twice);
  return 0;
}
