/* See exchange.h. Whoever drops the last reference frees, on either thread: so
** nothing that is freed here may belong to Lua or to libcurl's handles. What
** may be secret (token, bodies) is overwritten first. */
#include "exchange.h"

#include <stdlib.h>
#include <string.h>

#include "curlcompat.h"
#include "file.h"
#include "headers.h"
#include "pid.h"
#include "text.h"
#include "wipe.h"

static atomic_uint_fast64_t last_id;

/* Not by realloc, which would leave what may be secret in the old place. */
static bool grow(salon_Bytes *b, size_t room) {
  char *grown = malloc(room);
  if (grown == NULL) return false;
  if (b->len > 0) memcpy(grown, b->data, b->len);
  salon_wipe_free(b->data, b->len);
  b->data = grown;
  b->room = room;
  return true;
}

bool salon_bytes_add(salon_Bytes *b, const char *data, size_t len) {
  if (len == 0) return true; /* `data` may be NULL */
  size_t room = b->room == 0 ? 1024 : b->room;
  while (room - b->len < len) room *= room < 65536 ? 4 : 2; /* fewer copies */
  if (room > b->room && !grow(b, room)) return false;
  memcpy(b->data + b->len, data, len);
  b->len += len;
  return true;
}

/* A header of this call alone: a node of our own in front of those that calls
** share. Thus the list is not copied for each call, and never given to libcurl
** to free. */
typedef struct salon_Bearer {
  struct curl_slist node;
  size_t len;
  char line[]; /* a secret */
} salon_Bearer;

static void destroy(salon_Exchange *x) {
  if (x->bearer != NULL)
    salon_wipe_free(x->bearer, sizeof(*x->bearer) + x->bearer->len);
  salon_headers_unref(x->shared);
  salon_wipe_free(x->body, x->body_len);
  salon_wipe_free(x->content.data, x->content.len);
  free(x->head.data);
  free(x->repeat_prefix);
  free(x->tries);
  salon_file_unref(x->upload);
  salon_file_unref(x->download);
  salon_config_unref(x->config);
  free(x);
}

static uint32_t hash(const char *text, size_t len) { /* FNV-1a */
  uint32_t h = 2166136261u;
  for (size_t i = 0; i < len; i++) h = (h ^ (unsigned char)text[i]) * 16777619u;
  return h;
}

/* All zero but for the texts, which are in the same block. */
static salon_Exchange *allocate(const char *method, const char *url) {
  size_t url_size = strlen(url) + 1, method_size = strlen(method) + 1;
  salon_Exchange *x = calloc(1, sizeof(*x) + url_size + method_size);
  if (x == NULL) return NULL;
  x->url = memcpy(x->text, url, url_size);
  x->method = memcpy(x->text + url_size, method, method_size);
  return x;
}

/* An empty body is not the same as none: it is sent as Content-Length: 0. */
static bool copy_body(salon_Exchange *x, const char *body, size_t len) {
  if (body == NULL) return true;
  x->body = malloc(len + 1); /* never malloc(0), which may be NULL */
  if (x->body == NULL) return false;
  memcpy(x->body, body, len);
  x->body_len = len;
  return true;
}

salon_Exchange *salon_exchange_new(salon_Config *config, const char *method,
                                   const salon_Target *target,
                                   struct salon_Headers *headers,
                                   const char *body, size_t body_len) {
  salon_Exchange *x = allocate(method, target->url);
  if (x == NULL) return NULL;
  atomic_init(&x->refs, 1);
  x->pid = salon_pid();
  x->id = atomic_fetch_add(&last_id, 1) + 1;
  x->config = salon_config_ref(config);
  if (headers != NULL) {
    x->shared = salon_headers_ref(headers);
    x->headers = headers->list;
  }
  x->origin_len = target->origin_len;
  x->origin_hash = hash(x->url, x->origin_len);
  x->scheme = target->scheme;
  x->loopback = target->loopback;
  x->plan = config->retry;
  x->plan.class_ = salon_retry_class(method);
  x->max_body = config->max_body;
  x->outcome = SALON_UNSENT;
  x->retry_after = -1;
  x->silence_timeout = config->silence_timeout;
  if (copy_body(x, body, body_len)) return x;
  destroy(x);
  return NULL;
}

bool salon_exchange_authorise(salon_Exchange *x, const char *token,
                              size_t len) {
  static const char scheme[] = "Authorization: Bearer ";
  size_t n = sizeof(scheme) - 1;
  salon_Bearer *b = malloc(sizeof(*b) + n + len + 1);
  if (b == NULL) return false;
  memcpy(b->line, scheme, n);
  memcpy(b->line + n, token, len);
  b->line[n + len] = '\0';
  b->len = n + len;
  b->node = (struct curl_slist){.data = b->line, .next = x->headers};
  x->bearer = b;
  x->headers = &b->node;
  return true;
}

salon_Exchange *salon_exchange_ref(salon_Exchange *x) {
  atomic_fetch_add_explicit(&x->refs, 1, memory_order_relaxed);
  return x;
}

void salon_exchange_unref(salon_Exchange *x) {
  if (x == NULL) return;
  if (atomic_fetch_sub_explicit(&x->refs, 1, memory_order_acq_rel) == 1)
    destroy(x);
}

void salon_exchange_note_begin(salon_Exchange *x, double now) {
  if (!x->config->watched) return;
  size_t size = ((size_t)x->noted + 1) * sizeof(*x->tries);
  salon_Try *longer = realloc(x->tries, size);
  if (longer == NULL) return;
  x->tries = longer;
  x->tries[x->noted++] = (salon_Try){.began = now};
}

void salon_exchange_note_end(salon_Exchange *x, double now) {
  if (x->noted == 0) return;
  salon_Try *last = &x->tries[x->noted - 1];
  if (last->ended != 0) return;
  last->ended = now;
  last->status = x->status;
}

bool salon_exchange_finished(const salon_Exchange *x) {
  return atomic_load_explicit(&x->finished, memory_order_acquire);
}

/* `outcome`, `attempts` and `repeats` are about all tries and stay. */
void salon_exchange_rewind(salon_Exchange *x) {
  salon_wipe(x->content.data, x->content.len); /* the next may be shorter */
  x->head.len = x->content.len = 0;
  if (x->upload != NULL) salon_file_seek(x->upload, 0);
  x->status = 0;
  x->retry_after = -1;
  x->opened = x->sent = x->refused = false;
  x->active_at = 0;
  x->message[0] = '\0';
  x->kind = SALON_OK;
}

/* Line by line, and bounded by the block: a server may send a line without a
** colon or an end. */
const char *salon_exchange_header(const salon_Exchange *x, const char *name,
                                  size_t *at, size_t *len) {
  size_t name_len = strlen(name);
  while (*at < x->head.len) {
    const char *line = x->head.data + *at;
    const char *end = memchr(line, '\n', x->head.len - *at);
    size_t n = end == NULL ? x->head.len - *at : (size_t)(end - line);
    *at += n + (end != NULL);
    if (n <= name_len || line[name_len] != ':' ||
        !salon_equals(line, name, name_len))
      continue;
    const char *value = line + name_len + 1;
    n -= name_len + 1;
    while (n > 0 && (*value == ' ' || *value == '\t')) value++, n--;
    while (n > 0 && strchr(" \t\r", value[n - 1]) != NULL) n--;
    *len = n;
    return value;
  }
  return NULL;
}

bool salon_exchange_is_encoded(const salon_Exchange *x) {
  size_t at = 0, len;
  const char *s = salon_exchange_header(x, "Content-Encoding", &at, &len);
  return s != NULL && len > 0 && (len != 8 || !salon_equals(s, "identity", 8));
}

const char *salon_kind_name(salon_Kind kind) {
  static const char *const names[] = {
    "ok", "network", "tls", "timeout", "cancelled", "limit", "decode", "file"};
  return names[kind];
}

const char *salon_outcome_name(salon_Outcome outcome) {
  static const char *const names[] = {"unsent", "unknown", "done"};
  return names[outcome];
}
