// Gmtime, timegm, mktime, strftime and asctime in UTC: leap years, the epoch and before, far future, normalisation of fields.
// libc: glibc | musl
// env: TZ=UTC0
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <time.h>

int main(void) {
  static const long long moments[] = {0, -1, 951782400, 951868800, 1000000000, 1709164800, 2147483647, 2147483648ll, 4102444800ll, -2208988800ll, 253402300799ll};
  char text[128];
  for (unsigned i = 0; i < sizeof moments / sizeof *moments; i++) {
    time_t t = moments[i];
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %a %A %b %B %j %U %W %u %w %p %I %y %C %e %% %D %F %T %R", &tm);
    printf("%lld: %s | back %d\n", moments[i], text, timegm(&tm) == t);
    printf("  iso week %s", (strftime(text, sizeof text, "%G-W%V", &tm), text));
    printf(", asctime %s", asctime(&tm));
  }
  struct tm odd = {.tm_year = 120, .tm_mon = 13, .tm_mday = 31, .tm_hour = 25, .tm_min = -10, .tm_sec = 3600, .tm_isdst = -1};
  time_t t = mktime(&odd);
  printf("normalised: %lld = %d-%02d-%02d %02d:%02d:%02d day %d of year %d\n", (long long)t, odd.tm_year + 1900, odd.tm_mon + 1, odd.tm_mday, odd.tm_hour,
         odd.tm_min, odd.tm_sec, odd.tm_wday, odd.tm_yday);
  struct tm parsed;
  memset(&parsed, 0, sizeof parsed);
  char *end = strptime("2024-02-29 23:59:58", "%Y-%m-%d %H:%M:%S", &parsed);
  printf("parsed: %d %lld\n", end && !*end, (long long)timegm(&parsed));
  printf("difference %d\n", (int)difftime(1000, 400));
  time_t now = time(NULL);
  struct tm *local = localtime(&now);
  printf("local is UTC: %d, zone %s\n", timegm(local) == now, local->tm_zone);
  return 0;
}
