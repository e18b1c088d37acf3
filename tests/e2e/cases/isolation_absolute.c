// Absolute paths mean the guest's root, which is the mapped directory, never the host's.
// file: etc/motd b"guest's own"
// stdout: guest's own
// stdout: /etc/passwd: refused
// stdout: /proc/self/environ: refused
// stdout: /dev/null: refused
// stdout: //etc/passwd: refused
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
  char text[32] = {0};
  const int fd = open("/etc/motd", O_RDONLY);
  read(fd, text, sizeof text - 1);
  printf("%s\n", text);
  const char* paths[] = {"/etc/passwd", "/proc/self/environ", "/dev/null", "//etc/passwd"};
  for (int i = 0; i < 4; ++i)
    printf("%s: %s\n", paths[i], open(paths[i], O_RDONLY) < 0 ? "refused" : "OPENED");
  return 0;
}
