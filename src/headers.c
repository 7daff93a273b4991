/* See headers.h. */
#include "headers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "curlcompat.h"

salon_Headers *salon_headers_new(void) {
  salon_Headers *h = calloc(1, sizeof(*h));
  if (h != NULL) atomic_init(&h->refs, 1);
  return h;
}

static bool append(struct curl_slist **list, const char *line) {
  struct curl_slist *longer = curl_slist_append(*list, line);
  if (longer != NULL) *list = longer;
  return longer != NULL;
}

static bool is_one_of(const char *const *names, const char *line, size_t len) {
  for (; *names != NULL; names++)
    if (strlen(*names) == len && strncasecmp(*names, line, len) == 0)
      return true;
  return false;
}

static bool add_to_block(salon_Headers *h, const char *line) {
  size_t len = strlen(line);
  char *grown = realloc(h->block, h->block_len + len + 2);
  if (grown == NULL) return false;
  memcpy(grown + h->block_len, line, len);
  memcpy(grown + h->block_len + len, "\r\n", 2);
  h->block = grown;
  h->block_len += len + 2;
  return true;
}

/* A name without a value keeps libcurl from sending its own. */
static bool silence(salon_Headers *h, const char *line, size_t name_len) {
  char name[32];
  memcpy(name, line, name_len + 1);
  name[name_len + 1] = '\0';
  return append(&h->known, name);
}

bool salon_headers_add(salon_Headers *h, const char *line) {
  static const char *const libcurls[] = {
    "Host", "Content-Length", "Transfer-Encoding", "Connection",
    "TE",   "Cookie",         "Upgrade",           NULL};
  static const char *const defaults[] = {"Accept", "Accept-Encoding",
                                         "Content-Type", "Expect", NULL};
  size_t name_len = strcspn(line, ":");
  if (!append(&h->list, line)) return false;
  if (is_one_of(libcurls, line, name_len)) return append(&h->known, line);
  if (is_one_of(defaults, line, name_len) && !silence(h, line, name_len))
    return false;
  const char *value = line + name_len + (line[name_len] == ':');
  bool empty = value[strspn(value, " \t")] == '\0';
  return empty || add_to_block(h, line);
}

salon_Headers *salon_headers_ref(salon_Headers *h) {
  atomic_fetch_add_explicit(&h->refs, 1, memory_order_relaxed);
  return h;
}

void salon_headers_unref(salon_Headers *h) {
  if (h == NULL) return;
  if (atomic_fetch_sub_explicit(&h->refs, 1, memory_order_acq_rel) != 1) return;
  curl_slist_free_all(h->list);
  curl_slist_free_all(h->known);
  free(h->block);
  free(h);
}
