// Dense and sparse switches, computed loops, goto, nested breaks, short-circuits with effects.
#include <stdio.h>

static int calls;
static int effect(int value) {
  ++calls;
  return value;
}

__attribute__((noinline)) static int dense(int x) {
  switch (x) {
    case 0:
      return 10;
    case 1:
      return 21;
    case 2:
    case 3:
      x += 5; /* fallthrough */
      __attribute__((fallthrough));
    case 4:
      return x * 3;
    case 5:
      return -1;
    case 6:
      return 66;
    case 7:
      return 7 * x;
    default:
      return 1000 + x;
  }
}

__attribute__((noinline)) static const char* sparse(long long x) {
  switch (x) {
    case -1LL:
      return "minus one";
    case 1000000:
      return "million";
    case 1LL << 40:
      return "2^40";
    case 'a' ... 'f':
      return "letter";
    default:
      return "other";
  }
}

int main(void) {
  for (int i = -2; i < 10; ++i) printf("%d ", dense(i));
  printf("\n%s %s %s %s %s\n", sparse(-1), sparse(1000000), sparse(1LL << 40), sparse('c'), sparse(0));
  int found = 0;
  for (int a = 1; a < 50; ++a) {
    for (int b = a; b < 50; ++b) {
      for (int c = b; c < 50; ++c) {
        if (a * a + b * b > c * c) continue;
        if (a * a + b * b < c * c) break;
        if (++found == 10) goto done;
      }
    }
  }
done:
  printf("%d\n", found);
  const int x = (effect(0) && effect(1)) || (effect(2) && !effect(0)) ? effect(5) : effect(6);
  printf("%d after %d calls\n", x, calls);
  return 0;
}
