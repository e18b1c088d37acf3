// Named checks for programs that are built twice, natively and for WASI: what a check prints, and the directory it leaves behind,
// must come out the same.
//
//   CHECK("A sentence that can be false") { say("%d", call()); }
//
// Each check runs in a new directory of its own, `cN`. Its section of the output is the line "== SENTENCE", what it says, a line a
// call, and every file it left. Numbers that no two runs share (inodes, times) are not said, only what is true of them.
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct check {
  const char* sentence;
  void (*body)(void);
};
static struct check checks[256];
static int check_count;

static inline void add_check(const char* sentence, void (*body)(void)) {
  checks[check_count++] = (struct check){sentence, body};
}

#define CHECK_NUMBERED(n, sentence)                              \
  static void check_##n(void);                                   \
  __attribute__((constructor)) static void add_check_##n(void) { \
    add_check(sentence, check_##n);                              \
  }                                                              \
  static void check_##n(void)
#define CHECK_EXPANDED(n, sentence) CHECK_NUMBERED(n, sentence)
#define CHECK(sentence) CHECK_EXPANDED(__COUNTER__, sentence)

__attribute__((format(printf, 1, 2))) static inline void say(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  putchar('\n');
}

// The name of an errno: the numbers differ between systems.
static inline const char* errno_name(int number) {
  static const struct {
    int number;
    const char* name;
  } names[] = {
#define NAME(e) {e, #e}
      NAME(EACCES), NAME(EAGAIN),    NAME(EBADF),   NAME(EBUSY),        NAME(EEXIST),  NAME(EFAULT),
      NAME(EFBIG),  NAME(EILSEQ),    NAME(EINTR),   NAME(EINVAL),       NAME(EIO),     NAME(EISDIR),
      NAME(ELOOP),  NAME(EMFILE),    NAME(EMLINK),  NAME(ENAMETOOLONG), NAME(ENFILE),  NAME(ENOENT),
      NAME(ENODEV), NAME(ENOMEM),    NAME(ENOSPC),  NAME(ENOSYS),       NAME(ENOTDIR), NAME(ENOTEMPTY),
      NAME(ENXIO),  NAME(EPERM),     NAME(EPIPE),   NAME(EROFS),        NAME(ESPIPE),  NAME(ETXTBSY),
      NAME(EXDEV),  NAME(EOVERFLOW), NAME(ENOTSUP), NAME(ENOTTY),
#undef NAME
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    if (names[i].number == number) return names[i].name;
  }
  return "another errno";
}

// A result as it is said: the number, or why there is none.
static inline const char* told(long long result) {
  static char texts[8][32];
  static int next;
  if (result < 0) return errno_name(errno);
  char* text = texts[next++ % 8];
  snprintf(text, sizeof texts[0], "%lld", result);
  return text;
}
// Of a descriptor only that it is one.
static inline const char* opened(int fd) {
  return fd < 0 ? errno_name(errno) : "open";
}

static inline int make(const char* path, const char* contents) {
  const int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0666);
  if (fd < 0 || write(fd, contents, strlen(contents)) != (ssize_t)strlen(contents)) {
    say("making %s: %s", path, errno_name(errno));
  }
  return fd;
}
static inline void put(const char* path, const char* contents) {
  close(make(path, contents));
}

static inline void say_contents(int fd) {
  char text[200];
  const ssize_t size = pread(fd, text, sizeof text - 1, 0);
  text[size < 0 ? 0 : size] = 0;
  for (ssize_t i = 0; i < size; ++i) {
    if (text[i] == 0) text[i] = '~';
  }
  say("contents '%s'", size < 0 ? errno_name(errno) : text);
}
static inline void say_file(const char* path) {
  const int fd = open(path, O_RDONLY);
  if (fd < 0) {
    say("%s: %s", path, errno_name(errno));
    return;
  }
  say_contents(fd);
  close(fd);
}

static inline int by_name(const void* a, const void* b) {
  return strcmp(*(char* const*)a, *(char* const*)b);
}

static inline void say_tree(const char* path, int depth) {
  DIR* directory = opendir(path);
  if (directory == NULL) {
    say("%s: %s", path, errno_name(errno));
    return;
  }
  static char* names[12000];
  const size_t most = sizeof names / sizeof *names;
  char** own = depth == 0 ? names : malloc(1000 * sizeof *own);
  size_t count = 0;
  for (struct dirent* entry; (entry = readdir(directory)) != NULL && count < (depth == 0 ? most : 1000);) {
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
      own[count++] = strdup(entry->d_name);
  }
  closedir(directory);
  qsort(own, count, sizeof *own, by_name);
  if (count > 40) say("  %zu entries", count);
  for (size_t i = 0; i < count; ++i) {
    char full[1200];
    snprintf(full, sizeof full, "%s/%s", path, own[i]);
    struct stat status;
    if (count <= 40 && lstat(full, &status) == 0) {
      if (S_ISDIR(status.st_mode)) {
        say("  %.60s/", full + 2);
        if (depth < 12) say_tree(full, depth + 1);
      } else if (S_ISLNK(status.st_mode)) {
        char target[200];
        const ssize_t length = readlink(full, target, sizeof target - 1);
        target[length < 0 ? 0 : length] = 0;
        say("  %.60s -> %s", full + 2, target);
      } else {
        say("  %.60s %lld bytes, %d names", full + 2, (long long)status.st_size, (int)status.st_nlink);
      }
    }
    free(own[i]);
  }
  if (depth > 0) free(own);
}

int main(void) {
  for (int i = 0; i < check_count; ++i) {
    char directory[32];
    snprintf(directory, sizeof directory, "c%d", i);
    say("== %s", checks[i].sentence);
    if (mkdir(directory, 0777) != 0 || chdir(directory) != 0) {
      say("mkdir %s: %s", directory, errno_name(errno));
      return 1;
    }
    checks[i].body();
    say_tree(".", 0);
    fflush(stdout);
    if (chdir("..") != 0) {
      say("chdir: %s", errno_name(errno));
      return 1;
    }
  }
  return 0;
}
