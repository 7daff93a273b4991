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
  long long thousandths = (long long)(seconds * 1000 + 0.5);
  long long rest = thousandths % 1000;
  int digits = rest == 0 ? 0 : 3;
  for (; digits > 0 && rest % 10 == 0; digits--) rest /= 10;
  if (digits == 0)
    snprintf(out, size, "%lld", thousandths / 1000);
  else
    snprintf(out, size, "%lld.%0*lld", thousandths / 1000, digits, rest);
}
