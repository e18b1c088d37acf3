// __builtin_trap is WebAssembly's unreachable.
// trap: unreachable in give_up, work
// stdout: working
#include <stdio.h>

__attribute__((noinline)) static int give_up(int code) {
  if (code > 2) __builtin_trap();
  return code;
}

__attribute__((noinline)) static int work(int code) {
  return give_up(code) + 1;
}

int main(int argc, char** argv) {
  (void)argv;
  puts("working");
  fflush(stdout);
  return work(argc + 2);
}
