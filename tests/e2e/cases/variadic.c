// Variadic functions: promotion, va_copy, structures and 64-bit values among the arguments.
#include <stdarg.h>
#include <stdio.h>

struct pair {
  int a;
  double b;
};

static double total(const char* kinds, ...) {
  va_list arguments, again;
  va_start(arguments, kinds);
  va_copy(again, arguments);
  double sum = 0;
  for (int round = 0; round < 2; ++round) {
    va_list* list = round == 0 ? &arguments : &again;
    for (const char* kind = kinds; *kind; ++kind) {
      if (*kind == 'i') sum += va_arg(*list, int);
      if (*kind == 'l') sum += (double)va_arg(*list, long long);
      if (*kind == 'd') sum += va_arg(*list, double);
      if (*kind == 'p') {
        const struct pair pair = va_arg(*list, struct pair);
        sum += pair.a * pair.b;
      }
    }
  }
  va_end(again);
  va_end(arguments);
  return sum;
}

int main(void) {
  const struct pair pair = {3, 1.5};
  printf("%.17g\n", total("idlpid", (short)-5, 2.5f, 1LL << 35, pair, 'x', 0.125));
  return 0;
}
