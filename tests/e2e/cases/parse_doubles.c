// strtod reads to the nearest double, and printing with 17 digits gives it back.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  const char* texts[] = {"0.1",
                         "1e23",
                         "9007199254740993",
                         "2.2250738585072011e-308",
                         "4.9e-324",
                         "2.4e-324",
                         "1.7976931348623157e308",
                         "1e400",
                         "-1e-400",
                         "0x1.8p3",
                         "inf",
                         "-NaN",
                         "  12abc",
                         ".5",
                         "5.",
                         "e5",
                         "123456789012345678901234567890",
                         "0.500000000000000166533453693773481063544750213623046875"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
    char* end;
    const double value = strtod(texts[i], &end);
    printf("%s -> %.17g, rest [%s]\n", texts[i], value == value ? value : 0, end);
  }
  uint64_t state = 88172645463325252u;
  int wrong = 0;
  for (int i = 0; i < 20000; ++i) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    double value;
    memcpy(&value, &state, sizeof value);
    if (value != value) continue;
    char text[64];
    snprintf(text, sizeof text, "%.17g", value);
    wrong += strtod(text, NULL) != value;
  }
  printf("%d wrong\n", wrong);
  return 0;
}
