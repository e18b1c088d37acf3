// Symbolic links that lead out of the mapped directory are not followed, whoever made them.
// outside: secret.txt b"secret"
// file: x b"x"
// symlink: up ../secret.txt
// symlink: out ..
// symlink: absolute /etc/passwd
// symlink: etc /etc
// symlink: chain up
// stdout: up: refused
// stdout: out/secret.txt: refused
// stdout: absolute: refused
// stdout: etc/passwd: refused
// stdout: chain: refused
// stdout: out/made.txt: not made
// stdout: out: not listed
// stdout: own link out: refused
// stdout: own link to /etc: refused
// stdout: up written: refused
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
  const char* paths[] = {"up", "out/secret.txt", "absolute", "etc/passwd", "chain"};
  for (int i = 0; i < 5; ++i)
    printf("%s: %s\n", paths[i], open(paths[i], O_RDONLY) < 0 ? "refused" : "OPENED");
  printf("out/made.txt: %s\n", open("out/made.txt", O_WRONLY | O_CREAT, 0666) < 0 ? "not made" : "MADE");
  printf("out: %s\n", opendir("out") ? "LISTED" : "not listed");
  symlink("../secret.txt", "own");  // may itself be refused
  printf("own link out: %s\n", open("own", O_RDONLY) < 0 ? "refused" : "OPENED");
  symlink("/etc/passwd", "own2");
  printf("own link to /etc: %s\n", open("own2", O_RDONLY) < 0 ? "refused" : "OPENED");
  printf("up written: %s\n", open("up", O_WRONLY | O_TRUNC) < 0 ? "refused" : "OPENED");
  return 0;
}
