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

  /* The same for target.h: `block` goes as it is, and libcurl only learns what
  ** it would add of its own accord, or has to do something about. */
  char *block; /* owned: "Name: value\r\n" each; NULL = none */
  size_t block_len;
  struct curl_slist *known; /* owned */
} salon_Headers;

salon_Headers *salon_headers_new(void); /* empty, one reference; or NULL */
bool salon_headers_add(salon_Headers *h, const char *line); /* while new */
salon_Headers *salon_headers_ref(salon_Headers *h);
void salon_headers_unref(salon_Headers *h);

#endif
