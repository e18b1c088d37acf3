// The smallest guest: greets whoever it is given, or the world.
//
//   twine run hello.wasm [NAME]
#include <stdio.h>

int main(int argc, char** argv) {
  printf("Hello, %s, from inside.\n", argc > 1 ? argv[1] : "world");
  return 0;
}
