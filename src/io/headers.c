/* See headers.h. libcurl only reads the list while a call is under way, on the
** I/O thread; as nobody writes it after it was made, calls share it without a
** lock. */
#include "headers.h"

#include <stdlib.h>
#include <string.h>

#include "curlcompat.h"
#include "wipe.h"

salon_Headers *salon_headers_new(void) {
  salon_Headers *h = calloc(1, sizeof(*h));
  if (h != NULL) atomic_init(&h->refs, 1);
  return h;
}

bool salon_headers_add(salon_Headers *h, const char *line) {
  struct curl_slist *longer = curl_slist_append(h->list, line);
  if (longer != NULL) h->list = longer;
  return longer != NULL;
}

salon_Headers *salon_headers_ref(salon_Headers *h) {
  atomic_fetch_add_explicit(&h->refs, 1, memory_order_relaxed);
  return h;
}

void salon_headers_unref(salon_Headers *h) {
  if (h == NULL) return;
  if (atomic_fetch_sub_explicit(&h->refs, 1, memory_order_acq_rel) != 1) return;
  for (struct curl_slist *i = h->list; i != NULL; i = i->next)
    salon_wipe(i->data, strlen(i->data)); /* one may hold a secret */
  curl_slist_free_all(h->list);
  free(h);
}
