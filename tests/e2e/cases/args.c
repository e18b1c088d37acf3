// Arguments arrive whole, in order, with spaces and bytes beyond ASCII; argv ends with a null pointer.
// args: one "two words" "" "päth/ü" "--dir" "last"
#include <stdio.h>

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) printf("%d: [%s]\n", i, argv[i]);
  printf("end: %s\n", argv[argc] == NULL ? "null" : "not null");
  return 0;
}
