/* What libcurl alone needs to walk lists of OpenTalk: the measure for salon's
** own walk.
**
**   walk BASE WINDOW LIST...    as: walk http://host:1 10 /v1/rooms?per_page=100
**
** prints "entries seconds"; token in $BENCH_TOKEN. It does what salon's walk
** does on the wire and nothing else. With a window of one the page after the
** one that arrived is asked for before that one is looked at; with more, that
** many pages are under way, by their numbers, and are looked at in order.
** Connections are kept alive. Nothing is parsed: entries are counted by a
** member that each of them has once. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { MOST = 64 };

static const char member[] = "\"created_at\"";

typedef struct Page {
  char *body; /* owned; room for `size` bytes */
  size_t len, size;
  char next[512]; /* query of the page that follows, or "" */
  int last;       /* number of the last page; 0 = unknown */
} Page;

typedef struct Slot {
  CURL *easy;
  Page page;
  int done;
} Slot;

typedef struct Walk {
  CURLM *multi;
  const char *base; /* borrowed from argv */
  int window;
  Slot slots[MOST];
} Walk;

static void die(const char *why) {
  fprintf(stderr, "walk: %s\n", why);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t on_body(char *data, size_t size, size_t n, void *user) {
  Page *page = &((Slot *)user)->page;
  size_t len = size * n;
  if (page->len + len > page->size) {
    page->size = 2 * (page->len + len);
    page->body = realloc(page->body, page->size);
    if (page->body == NULL) die("not enough memory");
  }
  memcpy(page->body + page->len, data, len);
  page->len += len;
  return len;
}

/* The query of `<url?query>; rel=NAME`; its length, or 0. */
static size_t query_of(const char *data, size_t len, const char *rel,
                       const char **query) {
  const char *at = memmem(data, len, rel, strlen(rel));
  if (at == NULL) return 0;
  const char *end = memrchr(data, '>', (size_t)(at - data));
  *query = memrchr(data, '?', (size_t)(at - data));
  if (end == NULL || *query == NULL || *query > end)
    die("a Link without query");
  return (size_t)(end - *query);
}

static size_t on_header(char *data, size_t size, size_t n, void *user) {
  Page *page = &((Slot *)user)->page;
  size_t len = size * n;
  const char *query;
  if (len < 5 || strncasecmp(data, "link:", 5) != 0) return len;
  size_t found = query_of(data, len, "rel=\"next\"", &query);
  if (found == 0) found = query_of(data, len, "rel=\"after\"", &query);
  if (found >= sizeof(page->next)) die("a very long Link");
  memcpy(page->next, query, found);
  page->next[found] = '\0';
  if (query_of(data, len, "rel=\"last\"", &query) == 0) return len;
  const char *number = strstr(query, "&page=");
  if (number != NULL) page->last = atoi(number + 6);
  return len;
}

static void ask(Walk *w, Slot *s, const char *path, const char *query) {
  char url[1024];
  int running;
  snprintf(url, sizeof(url), "%s%s%s", w->base, path, query);
  s->page.len = 0;
  s->page.next[0] = '\0';
  s->done = 0;
  curl_easy_setopt(s->easy, CURLOPT_URL, url);
  curl_multi_add_handle(w->multi, s->easy);
  curl_multi_perform(w->multi, &running);
}

static void ask_number(Walk *w, Slot *s, const char *list, int number) {
  char query[32];
  snprintf(query, sizeof(query), "&page=%d", number);
  ask(w, s, list, query);
}

static void note_done(Walk *w) {
  CURLMsg *m;
  Slot *s;
  int left;
  long status;
  while ((m = curl_multi_info_read(w->multi, &left)) != NULL) {
    if (m->data.result != CURLE_OK) die(curl_easy_strerror(m->data.result));
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&s);
    curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) die("a status other than 200");
    curl_multi_remove_handle(w->multi, s->easy);
    s->done = 1;
  }
}

static void wait_for(Walk *w, Slot *s) {
  int running;
  for (;;) {
    curl_multi_perform(w->multi, &running);
    note_done(w);
    if (s->done) return;
    curl_multi_poll(w->multi, NULL, 0, 1000, NULL);
  }
}

static long count(const Page *page) {
  long entries = 0;
  const char *at = page->body, *end = page->body + page->len;
  while ((at = memmem(at, (size_t)(end - at), member, sizeof(member) - 1))) {
    entries++;
    at += sizeof(member) - 1;
  }
  return entries;
}

/* Takes the page out of its slot, which is free for another. */
static void take(Slot *s, Page *spare) {
  Page here = s->page;
  s->page = *spare;
  *spare = here;
}

/* One request at a time, each to where the last answer pointed. */
static long walk_links(Walk *w, const char *list) {
  Page here = {0};
  long entries = 0;
  char path[512];
  snprintf(path, sizeof(path), "%.*s", (int)strcspn(list, "?"), list);
  ask(w, &w->slots[0], list, "");
  do {
    wait_for(w, &w->slots[0]);
    take(&w->slots[0], &here);
    if (here.next[0] != '\0') ask(w, &w->slots[0], path, here.next);
    entries += count(&here);
  } while (here.next[0] != '\0' && here.len > 2);
  if (here.next[0] != '\0') wait_for(w, &w->slots[0]); /* asked in vain */
  free(here.body);
  return entries;
}

static long walk_numbers(Walk *w, const char *list) {
  Page here = {0};
  long entries = 0;
  int last = 1;
  ask(w, &w->slots[0], list, "");
  for (int n = 1; n <= last; n++) {
    Slot *s = &w->slots[(n - 1) % w->window];
    wait_for(w, s);
    take(s, &here);
    if (n == 1) {
      last = here.last;
      for (int i = 2; i <= w->window && i <= last; i++)
        ask_number(w, &w->slots[i - 1], list, i);
    }
    if (n + w->window <= last) ask_number(w, s, list, n + w->window);
    entries += count(&here);
  }
  free(here.body);
  return entries;
}

static struct curl_slist *authorization(void) {
  const char *token = getenv("BENCH_TOKEN");
  if (token == NULL) die("BENCH_TOKEN is not set");
  size_t size = strlen(token) + sizeof("Authorization: Bearer ");
  char *line = malloc(size);
  if (line == NULL) die("not enough memory");
  snprintf(line, size, "Authorization: Bearer %s", token);
  struct curl_slist *list = curl_slist_append(NULL, line);
  free(line);
  return list;
}

static void open_slot(Slot *s, struct curl_slist *headers) {
  s->easy = curl_easy_init();
  curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(s->easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(s->easy, CURLOPT_PROXY, "");
  curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
  curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
  curl_easy_setopt(s->easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(s->easy, CURLOPT_HEADERDATA, s);
}

static void close_slot(Slot *s) {
  curl_easy_cleanup(s->easy);
  free(s->page.body);
}

int main(int argc, char **argv) {
  if (argc < 4) die("usage: walk BASE WINDOW LIST...");
  static Walk w;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  struct curl_slist *headers = authorization();
  w.multi = curl_multi_init();
  w.base = argv[1];
  w.window = atoi(argv[2]);
  if (w.window < 1 || w.window > MOST) die("WINDOW is 1 to 64");
  for (int i = 0; i < w.window; i++) open_slot(&w.slots[i], headers);
  ask(&w, &w.slots[0], "/v1/rooms?per_page=1", ""); /* opens the connection */
  wait_for(&w, &w.slots[0]);
  double start = now();
  long entries = 0;
  for (int i = 3; i < argc; i++)
    entries += w.window > 1 ? walk_numbers(&w, argv[i])
                            : walk_links(&w, argv[i]);
  printf("%ld %.6f\n", entries, now() - start);
  for (int i = 0; i < w.window; i++) close_slot(&w.slots[i]);
  curl_multi_cleanup(w.multi);
  curl_slist_free_all(headers);
  return 0;
}
