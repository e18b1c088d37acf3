// Nothing of the host's environment, user or process is seen.
// stdout: 0 variables
// stdout: working directory: /
#include <stdio.h>
#include <unistd.h>

extern char** environ;

int main(void) {
  int count = 0;
  while (environ && environ[count]) ++count;
  printf("%d variables\n", count);
  char path[256];
  printf("working directory: %s\n", getcwd(path, sizeof path));
  return 0;
}
