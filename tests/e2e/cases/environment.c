// The environment holds what was given and nothing of the host's.
// env: GREETING=hello world
// env: EMPTY=
// env: EQUALS=a=b=c
#include <stdio.h>
#include <stdlib.h>

extern char** environ;

int main(void) {
  const char* names[] = {"GREETING", "EMPTY", "EQUALS", "HOME", "PATH"};
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    const char* value = getenv(names[i]);
    printf("%s: %s%s%s\n", names[i], value ? "[" : "", value ? value : "not set", value ? "]" : "");
  }
  int count = 0;
  while (environ[count]) ++count;
  printf("%d variables\n", count);
  setenv("ADDED", "1", 1);
  unsetenv("EMPTY");
  printf("%s %s\n", getenv("ADDED"), getenv("EMPTY") ? "still set" : "gone");
  return 0;
}
