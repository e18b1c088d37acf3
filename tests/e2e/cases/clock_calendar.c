// Calendar arithmetic, which needs no clock: gmtime, mktime, strftime, difftime.
#include <stdio.h>
#include <time.h>

int main(void) {
  const time_t moments[] = {0, 951782400, 1709164800, 2147483647, 4102444800, -1};
  for (size_t i = 0; i < sizeof moments / sizeof *moments; ++i) {
    struct tm tm;
    gmtime_r(&moments[i], &tm);
    char text[64];
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %a %j", &tm);
    printf("%lld %s %lld\n", (long long)moments[i], text, (long long)timegm(&tm));
  }
  printf("%.1f\n", difftime(1000, 1));
  return 0;
}
