// One program for launches.py: its first argument says what it does with the rest, its environment and its standard streams.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char** environ;

static int is(const char* command, const char* name) {
  return strcmp(command, name) == 0;
}

static void copy(int from, int to) {
  static char buffer[65536];
  for (ssize_t size; (size = read(from, buffer, sizeof buffer)) != 0;) {
    if (size < 0) {
      printf("read: %s\n", errno == EBADF ? "EBADF" : "another errno");
      return;
    }
    for (ssize_t done = 0; done < size;) {
      const ssize_t written = write(to, buffer + done, (size_t)(size - done));
      if (written < 0) {
        fprintf(stderr, "write: %s\n", errno == EPIPE ? "EPIPE" : errno == EBADF ? "EBADF" : "another errno");
        exit(7);
      }
      done += written;
    }
  }
}

static void say_stream(int fd) {
  struct stat status;
  printf("%d:", fd);
  if (fstat(fd, &status) != 0) {
    printf(" closed\n");
    return;
  }
  printf(" terminal %d, seek %s\n", isatty(fd),
         lseek(fd, 0, SEEK_CUR) < 0 && errno == ESPIPE ? "ESPIPE" : "other");
}

int main(int count, char** arguments) {
  const char* const command = count > 1 ? arguments[1] : "none";
  if (is(command, "args")) {
    for (int i = 2; i < count; ++i) printf("%zu '%s'\n", strlen(arguments[i]), arguments[i]);
    printf("%d, then %s\n", count - 2, arguments[count] == NULL ? "NULL" : "more");
  } else if (is(command, "environ")) {
    for (char** each = environ; each != NULL && *each != NULL; ++each) printf("%s\n", *each);
  } else if (is(command, "getenv")) {
    const char* const value = getenv(arguments[2]);
    printf("%s %zu\n", value == NULL ? "unset" : "set", value == NULL ? 0 : strlen(value));
  } else if (is(command, "exit")) {
    exit(atoi(arguments[2]));
  } else if (is(command, "_exit")) {
    printf("lost");  // in a buffer that nobody writes out
    _exit(atoi(arguments[2]));
  } else if (is(command, "copy")) {
    copy(0, 1);
  } else if (is(command, "copy-to-stderr")) {
    copy(0, 2);
  } else if (is(command, "count")) {
    static char buffer[4096];
    size_t total = 0;
    for (ssize_t size; (size = read(0, buffer, sizeof buffer)) > 0;) total += (size_t)size;
    printf("%zu\n", total);
  } else if (is(command, "first-byte")) {
    char byte = '?';
    const ssize_t size = read(0, &byte, 1);
    printf("%zd '%c'\n", size, byte);
  } else if (is(command, "streams")) {
    for (int fd = 0; fd < 3; ++fd) say_stream(fd);
  } else if (is(command, "both")) {
    fprintf(stdout, "to stdout\n");
    fprintf(stderr, "to stderr\n");
  } else if (is(command, "flood")) {
    static char line[1024];
    memset(line, 'x', sizeof line);
    for (int i = 0; i < 10000; ++i) {
      if (write(1, line, sizeof line) < 0) {
        fprintf(stderr, "write: %s\n", errno == EPIPE ? "EPIPE" : "another errno");
        return 7;
      }
    }
  } else if (is(command, "close-stdout")) {
    printf("%d\n", close(1));
    fflush(stdout);
    fprintf(stderr, "%d %d\n", write(1, "x", 1) < 0, errno == EBADF);
  } else if (is(command, "abort")) {
    abort();
  } else if (is(command, "write")) {
    const int fd = open(arguments[2], O_CREAT | O_WRONLY, 0666);
    fprintf(stderr, "%s\n",
            fd >= 0           ? "open"
            : errno == EROFS  ? "EROFS"
            : errno == ENOENT ? "ENOENT"
                              : "another errno");
    return fd < 0 || write(fd, "written", 7) != 7;
  } else if (is(command, "read")) {
    const int fd = open(arguments[2], O_RDONLY);
    if (fd < 0) {
      printf("no %s\n", arguments[2]);
      return 1;
    }
    copy(fd, 1);
  } else if (is(command, "rename")) {
    const int done = rename(arguments[2], arguments[3]);
    printf("%s\n", done == 0        ? "done"
                   : errno == EXDEV ? "EXDEV"
                   : errno == EROFS ? "EROFS"
                                    : "another errno");
  } else if (is(command, "link")) {
    const int done = link(arguments[2], arguments[3]);
    printf("%s\n", done == 0        ? "done"
                   : errno == EXDEV ? "EXDEV"
                   : errno == EROFS ? "EROFS"
                                    : "another errno");
  } else if (is(command, "change")) {
    const char* const path = arguments[2];
    char beside[300];
    snprintf(beside, sizeof beside, "%s2", path);
#define SAY(expression) \
  printf(#expression ": %s\n", (expression) == 0 ? "done" : errno == EROFS ? "EROFS" : "another errno")
    SAY(unlink(path));
    SAY(rename(path, beside));
    SAY(link(path, beside));
    SAY(symlink("x", beside));
    SAY(mkdir(beside, 0777));
    SAY(rmdir(beside) != 0 && errno == ENOENT ? (errno = EROFS, -1) : -1);
    SAY(truncate(path, 0));
    SAY(utimensat(AT_FDCWD, path, NULL, 0));
  } else {
    printf("no command '%s'\n", command);
    return 9;
  }
  return 0;
}
