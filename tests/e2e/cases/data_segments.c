// Initialised data, tables of strings, zeroed arrays and constants arrive as written.
#include <stdio.h>

static const char* const names[] = {"zero", "one", "two", "three"};
static int primes[100] = {2, 3, 5, 7, [50] = 229, [99] = 541};
static char zeros[200000];
static const double table[] = {1.5, -2.25, 1e300};
static const struct {
  const char* name;
  int (*function)(const char*, ...);
} calls[] = {{"print", printf}};

int main(void) {
  for (int i = 0; i < 4; ++i) printf("%s ", names[i]);
  long sum = 0;
  for (int i = 0; i < 100; ++i) sum += primes[i];
  for (size_t i = 0; i < sizeof zeros; ++i) sum += zeros[i];
  printf("%ld %g %g\n", sum, table[1], table[2]);
  calls[0].function("%s\n", calls[0].name);
  return 0;
}
