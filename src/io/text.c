/* See text.h. */
#include "text.h"

#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#ifdef __APPLE__
#include <xlocale.h>
#endif

static locale_t english;

static void find_english(void) {
  english = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

const char *salon_text_of_error(int error) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, find_english);
  if (english == (locale_t)0) return strerror(error); /* no memory */
  return strerror_l(error, english);
}

void salon_text_of_seconds(double seconds, char *out, size_t size) {
  double limit = seconds < 1e9 ? seconds : 1e9;
  unsigned long long thousandths = (unsigned long long)(limit * 1000 + 0.5);
  unsigned whole = (unsigned)(thousandths / 1000);
  unsigned rest = (unsigned)(thousandths % 1000);
  char digits[] = {'.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10),
                   (char)('0' + rest % 10), '\0'};
  size_t len = 4;
  while (len > 1 && digits[len - 1] == '0') len--;
  digits[len > 1 ? len : 0] = '\0';
  snprintf(out, size, "%u%s", whole, digits);
}
