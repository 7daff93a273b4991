/* What libcurl alone needs to walk /v1/rooms: the measure for salon's own walk.
**
**   walk BASE     token in $BENCH_TOKEN; prints "rooms seconds"
**
** It does what salon's walk does on the wire and nothing else: the page after
** the one that arrived is asked for before that one is looked at, so one
** request is under way at any time; one connection, kept alive. Nothing is
** parsed: rooms are counted by a member that each of them has once. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char member[] = "\"created_at\"";

typedef struct Page {
  char *body; /* owned; room for `size` bytes */
  size_t len, size;
  char next[512]; /* query of the page that follows, or "" */
} Page;

typedef struct Walk {
  CURLM *multi;
  CURL *easy;
  const char *base; /* borrowed from argv */
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
  Page *page = user;
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

/* Keeps the query of `<url?query>; rel="next"`. */
static size_t on_header(char *data, size_t size, size_t n, void *user) {
  Page *page = user;
  size_t len = size * n;
  if (len < 5 || strncasecmp(data, "link:", 5) != 0) return len;
  const char *rel = memmem(data, len, "rel=\"next\"", 10);
  if (rel == NULL) return len;
  const char *end = memrchr(data, '>', (size_t)(rel - data));
  const char *query = memrchr(data, '?', (size_t)(rel - data));
  if (end == NULL || query == NULL || query > end) die("a Link without query");
  if ((size_t)(end - query) >= sizeof(page->next)) die("a very long Link");
  memcpy(page->next, query, (size_t)(end - query));
  page->next[end - query] = '\0';
  return len;
}

static void ask(Walk *w, const char *query, Page *page) {
  char url[1024];
  int running;
  snprintf(url, sizeof(url), "%s/v1/rooms%s", w->base, query);
  page->len = 0;
  page->next[0] = '\0';
  curl_easy_setopt(w->easy, CURLOPT_URL, url);
  curl_easy_setopt(w->easy, CURLOPT_WRITEDATA, page);
  curl_easy_setopt(w->easy, CURLOPT_HEADERDATA, page);
  curl_multi_add_handle(w->multi, w->easy);
  curl_multi_perform(w->multi, &running);
}

static void wait_for_it(Walk *w) {
  int running, left;
  long status;
  for (;;) {
    curl_multi_perform(w->multi, &running);
    CURLMsg *m = curl_multi_info_read(w->multi, &left);
    if (m != NULL) {
      if (m->data.result != CURLE_OK) die(curl_easy_strerror(m->data.result));
      break;
    }
    curl_multi_poll(w->multi, NULL, 0, 1000, NULL);
  }
  curl_easy_getinfo(w->easy, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) die("a status other than 200");
  curl_multi_remove_handle(w->multi, w->easy);
}

static long count(const Page *page) {
  long rooms = 0;
  const char *at = page->body, *end = page->body + page->len;
  while ((at = memmem(at, (size_t)(end - at), member, sizeof(member) - 1))) {
    rooms++;
    at += sizeof(member) - 1;
  }
  return rooms;
}

static long walk(Walk *w) {
  Page pages[2] = {{0}};
  Page *here = &pages[0], *ahead = &pages[1];
  long rooms = 0;
  ask(w, "?per_page=100", here);
  for (;;) {
    wait_for_it(w);
    int more = here->next[0] != '\0';
    if (more) ask(w, here->next, ahead);
    rooms += count(here);
    if (!more) break;
    Page *t = here;
    here = ahead;
    ahead = t;
  }
  free(pages[0].body);
  free(pages[1].body);
  return rooms;
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

int main(int argc, char **argv) {
  if (argc != 2) die("usage: walk BASE");
  curl_global_init(CURL_GLOBAL_DEFAULT);
  Walk w = {curl_multi_init(), curl_easy_init(), argv[1]};
  struct curl_slist *headers = authorization();
  curl_easy_setopt(w.easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(w.easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(w.easy, CURLOPT_PROXY, "");
  curl_easy_setopt(w.easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(w.easy, CURLOPT_HEADERFUNCTION, on_header);
  Page first = {0}; /* opens the connection, as all competitors do */
  ask(&w, "?per_page=1", &first);
  wait_for_it(&w);
  free(first.body);
  double start = now();
  long rooms = walk(&w);
  printf("%ld %.6f\n", rooms, now() - start);
  curl_easy_cleanup(w.easy);
  curl_multi_cleanup(w.multi);
  curl_slist_free_all(headers);
  return 0;
}
