/* Request headers that many calls share: made once, immutable, counted
** references. What belongs to one call alone, its token, the exchange puts
** in front. */
#ifndef SALON_HEADERS_H
#define SALON_HEADERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct curl_slist;

typedef struct salon_Headers {
  atomic_int refs;
  struct curl_slist *list; /* owned: all of them, for libcurl to send */
} salon_Headers;

salon_Headers *salon_headers_new(void); /* empty, one reference; or NULL */
bool salon_headers_add(salon_Headers *h, const char *line); /* while new */
salon_Headers *salon_headers_ref(salon_Headers *h);
void salon_headers_unref(salon_Headers *h);

#endif
