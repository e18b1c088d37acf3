// Without --dir there is no file system at all; standard streams still work.
// mount: none
// stdin: b"typed\n"
// stdout: typed
// stdout: /: refused
// stdout: .: refused
// stdout: /etc/passwd: refused
// stdout: made.txt: refused
#include <fcntl.h>
#include <stdio.h>

int main(void) {
  char line[16];
  fputs(fgets(line, sizeof line, stdin), stdout);
  const char* paths[] = {"/", ".", "/etc/passwd"};
  for (int i = 0; i < 3; ++i)
    printf("%s: %s\n", paths[i], open(paths[i], O_RDONLY) < 0 ? "refused" : "OPENED");
  printf("made.txt: %s\n", open("made.txt", O_WRONLY | O_CREAT, 0666) < 0 ? "refused" : "OPENED");
  return 0;
}
