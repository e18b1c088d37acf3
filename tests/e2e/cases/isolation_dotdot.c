// No path climbs out of the mapped directory.
// outside: secret.txt b"secret"
// file: sub/x b"x"
// stdout: ../secret.txt: refused
// stdout: sub/../../secret.txt: refused
// stdout: ./../secret.txt: refused
// stdout: sub/../../work/../secret.txt: refused
// stdout: /../secret.txt: refused
// stdout: ../../../../../../../../etc/passwd: refused
// stdout: ../work/sub/x: refused
// stdout: ..: refused
// stdout: ../made.txt: not made
// stdout: ../made: no directory
// stdout: ../secret.txt: not removed
// stdout: sub/x: inside
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void read_from(const char* path) {
  const int fd = open(path, O_RDONLY);
  printf("%s: %s\n", path, fd < 0 ? "refused" : "OPENED");
}

int main(void) {
  read_from("../secret.txt");
  read_from("sub/../../secret.txt");
  read_from("./../secret.txt");
  read_from("sub/../../work/../secret.txt");
  read_from("/../secret.txt");
  read_from("../../../../../../../../etc/passwd");
  read_from("../work/sub/x");  // inside in the end, outside on the way
  read_from("..");
  printf("../made.txt: %s\n", open("../made.txt", O_WRONLY | O_CREAT, 0666) < 0 ? "not made" : "MADE");
  printf("../made: %s\n", mkdir("../made", 0777) != 0 ? "no directory" : "DIRECTORY");
  printf("../secret.txt: %s\n", unlink("../secret.txt") != 0 ? "not removed" : "REMOVED");
  printf("sub/x: %s\n", access("sub/x", R_OK) == 0 ? "inside" : "NOT FOUND");
  return 0;
}
