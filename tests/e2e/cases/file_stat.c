// stat tells kind, size and links; a changed time is kept.
// file: data b"12345"
// file: dir/x b"x"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static void show(const char* name) {
  struct stat status;
  if (stat(name, &status) != 0) {
    printf("%s: %s\n", name, error_name(errno));
    return;
  }
  printf("%s: %s", name, S_ISDIR(status.st_mode) ? "directory" : S_ISREG(status.st_mode) ? "file" : "other");
  if (S_ISREG(status.st_mode))
    printf(", %lld bytes, %d links", (long long)status.st_size, (int)status.st_nlink);
  printf("\n");
}

int main(void) {
  show("data");
  show("dir");
  show("dir/x");
  show("missing");
  show("data/x");
  show(".");
  struct stat a, b;
  stat("data", &a);
  stat("dir/x", &b);
  HOLDS(a.st_ino != b.st_ino);
  HOLDS(a.st_dev == b.st_dev);
  const struct timespec times[2] = {{1000000000, 123456789}, {1500000000, 987654321}};
  SHOW(utimensat(AT_FDCWD, "data", times, 0));
  stat("data", &a);
  printf("%lld.%09ld %lld.%09ld\n", (long long)a.st_atim.tv_sec, a.st_atim.tv_nsec,
         (long long)a.st_mtim.tv_sec, a.st_mtim.tv_nsec);
  const int fd = OPEN("data", O_RDONLY);
  const struct timespec later[2] = {{0, UTIME_OMIT}, {1600000000, 5}};
  SHOW(futimens(fd, later));
  fstat(fd, &a);
  printf("%lld %lld.%09ld\n", (long long)a.st_atim.tv_sec, (long long)a.st_mtim.tv_sec, a.st_mtim.tv_nsec);
  return 0;
}
