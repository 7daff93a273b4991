/* Any bytes as a URL, as a reference with a query, as a Link header, as a header
   block, and as what URLs and forms are built of. libcurl is the judge of what
   host and port are: where its answer differs, a token goes to the wrong place. */

#include "fuzz.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "io/exchange.h"
#include "io/link.h"
#include "io/url.h"

enum { MAX_SPANS = 8 };

/* `room` bytes and none more, so that one too far is seen; they begin with
   `text`. */
static char *copy(const char *text, size_t len, size_t room) {
  char *s = calloc(1, room + (room == 0));
  MUST(s != NULL);
  if (len > 0) memcpy(s, text, len);
  return s;
}

static bool is_within(salon_Span span, const char *text, size_t len) {
  return span.s >= text && span.s <= text + len &&
         span.len <= (size_t)(text + len - span.s);
}

/* ---- what libcurl makes of it ---- */

static char *part(CURLU *u, CURLUPart what, unsigned flags) {
  char *value = NULL;
  MUST(curl_url_get(u, what, &value, flags) == CURLUE_OK);
  return value;
}

/* Some releases of libcurl shorten an IPv6 address, others do not. */
static bool same_host(const char *ours, const char *theirs) {
  struct in6_addr a, b;
  char bare[2][64] = {"", ""};
  if (strcasecmp(ours, theirs) == 0) return true;
  sscanf(ours, "[%63[^]]", bare[0]);
  sscanf(theirs, "[%63[^]]", bare[1]);
  return inet_pton(AF_INET6, bare[0], &a) == 1 &&
         inet_pton(AF_INET6, bare[1], &b) == 1 &&
         memcmp(&a, &b, sizeof(a)) == 0;
}

static void compare_with_libcurl(const char *text, const salon_Url *url) {
  CURLU *u = curl_url();
  MUST(u != NULL && curl_url_set(u, CURLUPART_URL, text, 0) == CURLUE_OK);
  char *scheme = part(u, CURLUPART_SCHEME, 0);
  char *host = part(u, CURLUPART_HOST, 0);
  char *port = part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  MUST(strcmp(scheme, salon_url_scheme(url->scheme)) == 0);
  MUST(same_host(url->host, host));
  MUST(atoi(port) == url->port);
  curl_free(scheme);
  curl_free(host);
  curl_free(port);
  curl_url_cleanup(u);
}

/* ---- reading ---- */

static void read_url(const char *data, size_t size) {
  salon_Url url;
  salon_Target target;
  bool good = salon_url_parse(data, size, &url) == NULL;
  char *text = copy(data, size, size + 1);
  if (memchr(data, '\0', size) == NULL)
    MUST((salon_url_target(text, &target) == NULL) == good);
  if (good) {
    MUST(is_within(url.path, data, size));
    MUST(url.query.s == NULL || is_within(url.query, data, size));
    MUST(target.origin_len == (size_t)(url.path.s - data));
    MUST(target.loopback == url.loopback);
    compare_with_libcurl(text, &url);
    text[target.origin_len] = '\0'; /* what set_origin of transfer.c gives it */
    compare_with_libcurl(text, &url);
  }
  free(text);
}

static void read_parameter(const char *data, size_t size) {
  const salon_Span names[] = {{"page", 4}, {"", 0}, {"a", 1}};
  for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
    salon_Span value;
    if (!salon_url_param(data, size, names[i], &value)) continue;
    MUST(is_within(value, data, size));
    char *out = copy(NULL, 0, value.len);
    MUST(salon_url_decode(value, out) <= value.len);
    free(out);
  }
}

static void read_links(const char *data, size_t size) {
  salon_Link link;
  size_t count = 0;
  salon_link_begin(&link, data, size);
  while (salon_link_next(&link)) {
    MUST(is_within((salon_Span){link.target, link.target_len}, data, size));
    MUST(is_within((salon_Span){link.rel, link.rel_len}, data, size));
    MUST(link.rel_len > 0);
    MUST(++count <= size);
    read_parameter(link.target, link.target_len);
  }
}

static void read_headers(const char *data, size_t size) {
  static const char *const names[] = {"Link", "Retry-After", "A"};
  salon_Exchange x = {.head = {copy(data, size, size), size, size}};
  for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
    size_t at = 0, before = 0, len;
    const char *value;
    while ((value = salon_exchange_header(&x, names[i], &at, &len)) != NULL) {
      MUST(is_within((salon_Span){value, len}, x.head.data, size));
      MUST(at > before);
      before = at;
      read_links(value, len);
    }
  }
  free(x.head.data);
}

/* ---- building ---- */

/* Lines: the base, then parts of a path and pairs of a query by turns. */
static size_t split(const char *data, size_t size, salon_Span *spans) {
  size_t n = 0;
  while (n < MAX_SPANS) {
    const char *end = memchr(data, '\n', size);
    size_t len = end != NULL ? (size_t)(end - data) : size;
    spans[n++] = (salon_Span){data, len};
    if (end == NULL) break;
    data += len + 1;
    size -= len + 1;
  }
  return n;
}

/* Names and values come back as they were, but the last of a name counts. */
static void reread_pairs(const char *text, size_t len, const salon_Span *pairs,
                         size_t n) {
  salon_Span value;
  if (n < 2) return;
  MUST(salon_url_param(text, len, pairs[n - 2], &value));
  char *out = copy(NULL, 0, value.len);
  MUST(salon_url_decode(value, out) == pairs[n - 1].len);
  MUST(pairs[n - 1].len == 0 ||
       memcmp(out, pairs[n - 1].s, pairs[n - 1].len) == 0);
  free(out);
}

static void build_form(const salon_Span *pairs, size_t n) {
  size_t len = salon_url_form(pairs, n, NULL);
  char *text = copy("?", 1, len + 1);
  MUST(salon_url_form(pairs, n, text + 1) == len);
  reread_pairs(text, len + 1, pairs, n);
  free(text);
}

static void build_url(const salon_Span *spans, size_t n) {
  salon_Url base, again;
  const salon_Span *rest = spans + 1;
  size_t nparts = (n - 1) / 2, npairs = (n - 1 - nparts) / 2 * 2, len, same;
  build_form(rest + nparts, npairs);
  if (salon_url_parse_base(spans[0].s, spans[0].len, &base) != NULL) return;
  if (salon_url_build(&base, rest, nparts, rest + nparts, npairs, NULL, 0,
                      &len) != NULL)
    return;
  char *text = copy(NULL, 0, len + 1);
  MUST(salon_url_build(&base, rest, nparts, rest + nparts, npairs, text, len,
                       &same) == NULL);
  MUST(same == len);
  MUST(salon_url_parse(text, len, &again) == NULL);
  MUST(strcmp(base.origin, again.origin) == 0);
  MUST((again.query.s != NULL) == (npairs > 0));
  MUST(again.path.len >= base.path.len &&
       memcmp(again.path.s, base.path.s, base.path.len) == 0);
  reread_pairs(text, len, rest + nparts, npairs);
  compare_with_libcurl(text, &again);
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *text = (const char *)data;
  salon_Span spans[MAX_SPANS];
  read_url(text, size);
  read_parameter(text, size);
  read_links(text, size);
  read_headers(text, size);
  build_url(spans, split(text, size, spans));
  return 0;
}
