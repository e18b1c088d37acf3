// strtol and its relatives: bases, signs, overflow, what they leave.
#include <stdlib.h>

#include "check.h"

int main(void) {
  const char* texts[] = {"42",
                         "-42",
                         "0x1F",
                         "017",
                         "zz",
                         "",
                         "  +7 rest",
                         "9223372036854775807",
                         "9223372036854775808",
                         "-9223372036854775809",
                         "18446744073709551615"};
  const int bases[] = {0, 10, 16, 36};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
    for (size_t j = 0; j < 4; ++j) {
      char* end;
      errno = 0;
      const long long value = strtoll(texts[i], &end, bases[j]);
      printf("[%s] base %d: %lld rest [%s] %s\n", texts[i], bases[j], value, end,
             errno == ERANGE ? "ERANGE" : "");
    }
    printf("%llu %d\n", strtoull(texts[i], NULL, 10), atoi("12x"));
  }
  return 0;
}
