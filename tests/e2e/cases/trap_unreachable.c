// __builtin_trap is WebAssembly's unreachable. The backtrace has the whole chain of callers: they call through pointers that
// change, so that no compiler can inline them into each other.
// trap: unreachable in give_up, work, plan
// stdout: working
#include <stdio.h>

static int give_up(int code);
static int work(int code);
static int plan(int code);
static int (*volatile steps[])(int) = {plan, work, give_up};

static int plan(int code) {
  return steps[1](code) + 1;
}

static int work(int code) {
  return steps[2](code) * 2;
}

static int give_up(int code) {
  if (code > 2) __builtin_trap();
  return code;
}

int main(int argc, char** argv) {
  (void)argv;
  puts("working");
  fflush(stdout);
  return steps[0](argc + 2);
}
