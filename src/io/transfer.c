/* See transfer.h. No callback here enters Lua or takes a lock. */
#include "transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "remedy.h"

#define HAS_SEND_HOOK SALON_CURL_HAS_PREREQ

/* Seconds to wait that no number can say. */
static const int64_t LONGEST_WAIT = 1000000000;

enum { MAX_IDLE = 512, SWEEP_SECONDS = 10, IDLE_SECONDS = 60 };

/* ---- callbacks ---- */

/* Only a good response goes to the file; what an error says is read in memory. */
static bool goes_to_file(const salon_Transfer *t) {
  long status = 0;
  if (t->exchange->download.fd < 0) return false;
  curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
  return status >= 200 && status < 300;
}

static bool store(salon_File *f, const char *data, size_t len) {
  while (len > 0) {
    ssize_t n = pwrite(f->fd, data, len, f->at);
    if (n < 0 && errno == EINTR) continue;
    f->failed = n <= 0;
    if (f->failed) return false;
    f->at += n;
    data += n;
    len -= (size_t)n;
  }
  return true;
}

/* The clock is read only where somebody wants to know. */
static void hear(salon_Exchange *x) {
  if (x->config->silence_timeout > 0) x->heard = salon_now();
}

static size_t on_body(char *data, size_t size, size_t n, void *user) {
  salon_Transfer *t = user;
  salon_Exchange *x = t->exchange;
  size_t len = size * n;
  hear(x);
  if (len > x->max_body - x->content.len - (size_t)x->download.at) {
    t->too_long = "body";
    return 0;
  }
  bool ok = goes_to_file(t) ? store(&x->download, data, len)
                            : salon_bytes_add(&x->content, data, len);
  return ok ? len : 0;
}

static size_t on_read(char *to, size_t size, size_t n, void *user) {
  salon_Transfer *t = user;
  salon_File *f = &t->exchange->upload;
  ssize_t got;
  do {
    got = pread(f->fd, to, size * n, f->at);
  } while (got < 0 && errno == EINTR);
  f->failed = got < 0 || (got == 0 && f->at < f->size);
  if (f->failed) return CURL_READFUNC_ABORT;
  f->at += got;
  return (size_t)got;
}

static size_t on_header(char *data, size_t size, size_t n, void *user) {
  salon_Transfer *t = user;
  salon_Exchange *x = t->exchange;
  size_t len = size * n;
  hear(x);
  if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) {
    x->head.len = 0;
    t->headed = false;
  }
  if (len > 0 && len <= 2 && data[len - 1] == '\n') t->headed = true;
  if (len > x->config->max_header - x->head.len) {
    t->too_long = "header";
    return 0;
  }
  return salon_bytes_add(&x->head, data, len) ? len : 0;
}

#if HAS_SEND_HOOK
/* Called when the request is about to be sent, also when libcurl repeats it
** by itself on a new connection: that one is refused. Without this a POST
** may arrive up to six times. */
static int on_prereq(void *user, char *peer, char *local, int peer_port,
                     int local_port) {
  salon_Transfer *t = user;
  (void)peer, (void)local, (void)peer_port, (void)local_port;
  if (t->exchange->sent && SALON_SEND_ONCE) return CURL_PREREQFUNC_ABORT;
  t->exchange->sent = true;
  hear(t->exchange);
  return CURL_PREREQFUNC_OK;
}
#endif

static curl_socket_t on_open(void *user, curlsocktype purpose,
                             struct curl_sockaddr *a) {
  salon_Transfer *t = user;
  (void)purpose;
  t->exchange->opened = true;
#ifdef SOCK_CLOEXEC
  t->socket = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
#else
  t->socket = socket(a->family, a->socktype, a->protocol);
  if (t->socket >= 0) (void)fcntl(t->socket, F_SETFD, FD_CLOEXEC);
#endif
  if (t->socket >= 0) salon_poller_opened(t->poller, t->socket);
  return t->socket;
}

/* The kernel drops a closed descriptor from epoll by itself, but not while a
** forked child still holds it open. */
static int on_close(void *user, curl_socket_t fd) {
  salon_poller_forget(user, fd);
  return close(fd);
}

/* ---- options ---- */

static void set_tls(CURL *e, const salon_Config *c) {
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
  if (c->ca_file == NULL) return;
  curl_easy_setopt(e, CURLOPT_CAINFO, c->ca_file);
  /* Debian's built-in path would switch libcurl's CA cache off. */
  curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
}

static void set_protocol(CURL *e, const salon_Config *c) {
  static const long versions[] = {CURL_HTTP_VERSION_2TLS, CURL_HTTP_VERSION_1_1,
                                  CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE};
  curl_easy_setopt(e, CURLOPT_HTTP_VERSION, versions[c->http_version]);
#if SALON_CURL_HAS_PROTOCOLS_STR
  curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt(e, CURLOPT_PROTOCOLS,
                   (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
  /* unpacks; the header itself is among the shared ones, as options are
  ** formatted anew for every call */
  curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip");
  if (c->no_proxy != NULL) curl_easy_setopt(e, CURLOPT_NOPROXY, c->no_proxy);
  curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

static void set_connection(CURL *e, const salon_Config *c) {
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
#if SALON_CURL_HAS_QUICK_EXIT && SALON_QUICK_EXIT
  curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
#endif
  /* 0 would be libcurl's own 300 s */
  curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
                   (long)ceil(c->connect_timeout * 1000));
  curl_easy_setopt(e, CURLOPT_MAXAGE_CONN,
                   c->idle_timeout < 1 ? 1L : (long)c->idle_timeout);
}

static void set_callbacks(salon_Transfer *t) {
  CURL *e = t->easy;
  curl_easy_setopt(e, CURLOPT_PRIVATE, t);
  curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
  curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read);
  curl_easy_setopt(e, CURLOPT_READDATA, t);
  curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
  curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open);
  curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
  curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, t->poller);
#if HAS_SEND_HOOK
  curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_prereq);
  curl_easy_setopt(e, CURLOPT_PREREQDATA, t);
#endif
}

static salon_Transfer *transfer_new(salon_Config *config,
                                    salon_Poller *poller) {
  salon_Transfer *t = calloc(1, sizeof(*t));
  if (t == NULL) return NULL;
  t->easy = curl_easy_init();
  t->origin = curl_url();
  if (t->easy == NULL || t->origin == NULL) {
    curl_easy_cleanup(t->easy);
    curl_url_cleanup(t->origin);
    free(t);
    return NULL;
  }
  t->config = salon_config_ref(config);
  t->poller = poller;
  set_callbacks(t);
  set_connection(t->easy, config);
  set_protocol(t->easy, config);
  set_tls(t->easy, config);
  return t;
}

static void transfer_free(salon_Transfer *t) {
  curl_easy_cleanup(t->easy);
  curl_url_cleanup(t->origin);
  salon_config_unref(t->config);
  free(t);
}

/* The body stays ours (libcurl copies nothing; without one in memory it asks
** on_read), its exact length is sent: Meet silently drops a chunked one. */
static bool set_method(CURL *e, const salon_Exchange *x) {
  const char *method = x->method;
  bool file = x->upload.fd >= 0;
  if (x->body != NULL || file) {
    curl_off_t size = file ? (curl_off_t)x->upload.size
                           : (curl_off_t)x->body_len;
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, file ? NULL : x->body);
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, size);
    if (strcmp(method, "POST") == 0) method = NULL;
  } else {
    curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
    if (strcmp(method, "HEAD") == 0) curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
    if (strcmp(method, "GET") == 0) method = NULL;
  }
  return curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
}

/* A connection of its own for every call where libcurl cannot reuse one. */
static void set_reuse(salon_Transfer *t, salon_Scheme scheme) {
  bool broken = !SALON_CURL_REUSES_PLAIN_HTTP2 && scheme == SALON_HTTP &&
                t->config->http_version == SALON_HTTP_2;
  curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, broken ? 1L : 0L);
  curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, broken ? 1L : 0L);
}

/* What hangs on the scheme, set anew only when it changes. On plain http
** waiting for the first connection's response would serialise a burst. */
static void set_scheme(salon_Transfer *t, salon_Scheme scheme) {
  if (t->scheme_set && t->scheme == scheme) return;
  t->scheme_set = true;
  t->scheme = scheme;
  curl_easy_setopt(t->easy, CURLOPT_PIPEWAIT, scheme == SALON_HTTPS ? 1L : 0L);
  set_reuse(t, scheme);
}

/* What is meant for this machine goes to no proxy that only the environment
** names: it would read the password. */
static void set_proxy(salon_Transfer *t, bool loopback) {
  const salon_Config *c = t->config;
  t->proxy = c->proxy[t->scheme];
  if (c->proxy_from_environment && loopback) t->proxy = NULL;
  curl_easy_setopt(t->easy, CURLOPT_PROXY, t->proxy != NULL ? t->proxy : "");
}

/* Takes the origin apart once for all calls that go there. */
static bool know_origin(salon_Transfer *t, const salon_Exchange *x) {
  size_t len = x->origin_len;
  if (len >= sizeof(t->origin_text)) return false;
  if (strncmp(t->origin_text, x->url, len) == 0 && t->origin_text[len] == '\0')
    return true;
  memcpy(t->origin_text, x->url, len);
  t->origin_text[len] = '\0';
  CURLUcode code = curl_url_set(t->origin, CURLUPART_URL, t->origin_text, 0);
  if (code != CURLUE_OK) t->origin_text[0] = '\0';
  return code == CURLUE_OK;
}

/* libcurl would take the URL apart and print it anew for every call, at some
** 140 instructions a byte: it gets the origin in parts, and the rest as it is.
** A proxy for plain http needs to see all of it. */
static bool set_url(salon_Transfer *t, const salon_Exchange *x) {
  const char *rest = x->url + x->origin_len;
  bool whole = *rest != '/' || t->proxy != NULL || !know_origin(t, x);
  curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, x->headers);
  curl_easy_setopt(t->easy, CURLOPT_CURLU, whole ? NULL : t->origin);
  /* a target that is not taken would leave the origin's root; the URL comes
  ** behind CURLU, which forgets it */
  return curl_easy_setopt(t->easy, CURLOPT_REQUEST_TARGET,
                          whole ? NULL : rest) == CURLE_OK &&
         (!whole || curl_easy_setopt(t->easy, CURLOPT_URL, x->url) == CURLE_OK);
}

static bool prepare(salon_Transfer *t, salon_Exchange *x) {
  t->exchange = x;
  x->transfer = t;
  t->too_long = NULL;
  t->headed = false;
  t->socket = -1;
  t->uploaded = 0;
  if (!HAS_SEND_HOOK) hear(x);
  t->error[0] = '\0';
  x->sent = !HAS_SEND_HOOK; /* then nobody can tell that nothing left */
  set_scheme(t, x->scheme);
  set_proxy(t, x->loopback);
  return set_url(t, x) && set_method(t->easy, x);
}

/* ---- the pool ---- */

static void sweep(salon_Pool *pool, double now) {
  pool->swept = now;
  for (salon_Transfer **at = &pool->idle; *at != NULL;) {
    salon_Transfer *t = *at;
    if (now - t->idle_since < IDLE_SECONDS) {
      at = &t->next;
      continue;
    }
    *at = t->next;
    pool->count--;
    transfer_free(t);
  }
}

void salon_pool_open(salon_Pool *pool) {
  *pool = (salon_Pool){.keeps = salon_curl_may_reuse_handles()};
}

bool salon_pool_get(salon_Pool *pool, salon_Poller *poller, salon_Exchange *x) {
  salon_Transfer **at = &pool->idle;
  while (*at != NULL && (*at)->config != x->config) at = &(*at)->next;
  salon_Transfer *t = *at;
  if (t != NULL) {
    *at = t->next;
    pool->count--;
  } else {
    t = transfer_new(x->config, poller);
    if (t == NULL) return false;
  }
  return prepare(t, x); /* else it is x's all the same, to be put back */
}

void salon_pool_put(salon_Pool *pool, salon_Transfer *t, double now) {
  t->exchange->transfer = NULL;
  t->exchange = NULL;
  t->idle_since = now;
  if (!pool->keeps || pool->count >= MAX_IDLE) {
    transfer_free(t);
    return;
  }
  /* nothing of the last call may be read once its exchange is gone */
  curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, NULL);
  curl_easy_setopt(t->easy, CURLOPT_REQUEST_TARGET, NULL);
  curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, NULL);
  t->next = pool->idle;
  pool->idle = t;
  pool->count++;
  if (now - pool->swept > SWEEP_SECONDS) sweep(pool, now);
}

void salon_pool_free(salon_Pool *pool) {
  while (pool->idle != NULL) {
    salon_Transfer *t = pool->idle;
    pool->idle = t->next;
    transfer_free(t);
  }
  pool->count = 0;
}

/* ---- the verdict ---- */

static void say(salon_Exchange *x, salon_Kind kind, const char *message) {
  x->kind = kind;
  snprintf(x->message, sizeof(x->message), "%s", message);
}

static salon_Kind kind_of(CURLcode code) {
  switch (code) {
  case CURLE_OPERATION_TIMEDOUT:
    return SALON_TIMEOUT;
  case CURLE_FILESIZE_EXCEEDED:
  case CURLE_OUT_OF_MEMORY:
    return SALON_LIMIT;
  case CURLE_BAD_CONTENT_ENCODING:
    return SALON_DECODE;
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CERTPROBLEM:
  case CURLE_SSL_CIPHER:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_CRL_BADFILE:
  case CURLE_SSL_ISSUER_ERROR:
  case CURLE_SSL_ENGINE_NOTFOUND:
  case CURLE_SSL_ENGINE_SETFAILED:
  case CURLE_SSL_ENGINE_INITFAILED:
  case CURLE_SSL_INVALIDCERTSTATUS:
  case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    return SALON_TLS;
  default:
    return SALON_NETWORK;
  }
}

/* Here libcurl repeats the proxy's whole address, with its password. */
static bool shows_proxy(const char *text) {
  static const char start[] = "Unsupported proxy s"; /* syntax, scheme */
  return strncmp(text, start, sizeof(start) - 1) == 0;
}

/* libcurl's own words are better than ours but for these. */
static const char *words_for(const salon_Transfer *t, CURLcode code) {
  if (shows_proxy(t->error)) return "the proxy's address is not understood";
  switch (code) {
  case CURLE_ABORTED_BY_CALLBACK: /* our refusal to send it twice */
  case CURLE_GOT_NOTHING:
    return "the server closed the connection before it answered";
  case CURLE_SEND_ERROR:
    return "the connection broke while sending";
  case CURLE_RECV_ERROR:
    return "the connection broke before the response was complete";
  case CURLE_PARTIAL_FILE:
    return "the response was cut short";
  case CURLE_HTTP2_STREAM:
  case CURLE_HTTP2:
    return "the server broke off the HTTP/2 stream";
  case CURLE_OUT_OF_MEMORY: /* in libcurl 7.88 both */
    return "not enough memory, or a header line of more than 100 KiB";
  default:
    return t->error[0] != '\0' ? t->error : curl_easy_strerror(code);
  }
}

static bool is_transient(salon_Kind kind, CURLcode code, bool sent) {
  /* after sending, the protocol is not the URL's but that of the response */
  if (kind == SALON_NETWORK)
    return code != CURLE_URL_MALFORMAT &&
           (code != CURLE_UNSUPPORTED_PROTOCOL || sent);
  /* a handshake may be broken off by a server that restarts; a certificate
  ** does not get better */
  return kind == SALON_TIMEOUT || code == CURLE_SSL_CONNECT_ERROR;
}

/* libcurl reads the value but gives 0 for one that is absent, for one that it
** does not understand, and for 0; of "7s" or "1e3" it takes the digits. So the
** header itself tells whether there is one, and of which form. */
static int64_t read_retry_after(const salon_Transfer *t) {
  static const char digits[] = "0123456789";
  char text[64];
  size_t at = 0, len = 0;
  const char *value = NULL, *next;
  while ((next = salon_exchange_header(t->exchange, "Retry-After", &at, &len)))
    value = next; /* libcurl goes by the last one, too */
  if (value == NULL || len == 0 || len >= sizeof(text)) return -1;
  memcpy(text, value, len);
  text[len] = '\0';
  bool number = text[strspn(text, digits)] == '\0';
  bool date = strchr(text, ':') != NULL && strcspn(text, digits) > 0;
  if (!number && !date) return -1;
  curl_off_t seconds = 0; /* a date that is past: negative in 7.88 */
  curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &seconds);
  bool overflow = number && seconds == 0 && text[strspn(text, "0")] != '\0';
  if (overflow) return LONGEST_WAIT;
  return seconds > 0 ? seconds : 0;
}

static void note_outcome(salon_Transfer *t) {
  salon_Exchange *x = t->exchange;
  curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &x->status);
  if (x->status < 200) x->status = 0;
  if (x->status != 0) x->retry_after = read_retry_after(t);
  if (x->status != 0)
    x->outcome = SALON_DONE;
  else if (x->sent || x->outcome != SALON_UNSENT) /* now or in an earlier try */
    x->outcome = SALON_UNKNOWN;
}

static void say_too_long(salon_Transfer *t) {
  salon_Exchange *x = t->exchange;
  bool body = strcmp(t->too_long, "body") == 0;
  x->kind = SALON_LIMIT;
  snprintf(x->message, sizeof(x->message),
           "the response's %s is longer than %zu bytes", t->too_long,
           body ? x->max_body : x->config->max_header);
}

/* libcurl has ceilings of its own for headers. */
static bool is_ceiling_of_curl(const salon_Transfer *t, CURLcode code) {
  return (int)code == SALON_CURLE_TOO_LARGE ||
         (code == CURLE_RECV_ERROR && strstr(t->error, "response headers"));
}

bool salon_transfer_judge(salon_Transfer *t, CURLcode code) {
  salon_Exchange *x = t->exchange;
  note_outcome(t);
  /* libcurl takes a header that breaks off for a whole one */
  if (code == CURLE_OK && x->status != 0 && !t->headed)
    code = CURLE_PARTIAL_FILE;
  if (code == CURLE_OK && x->status != 0) {
    x->kind = SALON_OK;
    return false;
  }
  if (t->too_long != NULL) {
    say_too_long(t);
    return false;
  }
  if (x->upload.failed || x->download.failed) {
    say(x, SALON_STORE,
        x->upload.failed ? "the file to send cannot be read"
                         : "the file cannot be written");
    return false;
  }
  if (is_ceiling_of_curl(t, code)) {
    say(x, SALON_LIMIT, t->error); /* libcurl has a ceiling of its own */
    return false;
  }
  salon_Kind kind = kind_of(code);
  say(x, kind, words_for(t, code));
  return is_transient(kind, code, x->sent);
}

static bool looked_up(CURL *e) {
  curl_off_t us = 0;
  curl_easy_getinfo(e, CURLINFO_NAMELOOKUP_TIME_T, &us);
  return us > 0;
}

/* libcurl's own dates differ by version (7.88 and 8.14 count the TLS handshake
** in); the socket knows whether TCP is through. */
static bool connected(const salon_Transfer *t) {
  struct sockaddr_storage peer;
  socklen_t len = sizeof(peer);
  return t->socket >= 0 &&
         getpeername(t->socket, (struct sockaddr *)&peer, &len) == 0;
}

void salon_transfer_late(salon_Transfer *t) {
  salon_Exchange *x = t->exchange;
  note_outcome(t);
  const char *stage = "before the response began";
  if (x->status != 0)
    stage = "in the middle of the response";
  else if (x->sent)
    ;
  else if (!looked_up(t->easy))
    stage = "while the host name was looked up";
  else if (!connected(t))
    stage = "while connecting";
  else if (x->scheme == SALON_HTTPS)
    stage = "during the TLS handshake";
  x->kind = SALON_TIMEOUT;
  snprintf(x->message, sizeof(x->message), "the time was up %s", stage);
}

bool salon_transfer_uploads(salon_Transfer *t) {
  const salon_Exchange *x = t->exchange;
  curl_off_t size = x->upload.fd >= 0 ? (curl_off_t)x->upload.size
                                      : (curl_off_t)x->body_len;
  curl_off_t sent = 0, before = t->uploaded;
  curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
  t->uploaded = sent;
  return sent > before && sent < size;
}

void salon_transfer_silent(salon_Transfer *t, double seconds) {
  salon_Exchange *x = t->exchange;
  note_outcome(t);
  x->kind = SALON_TIMEOUT;
  snprintf(x->message, sizeof(x->message), "%s for %g s (silence_timeout)",
           x->head.len > 0 ? "the response stood still" : "nothing came",
           seconds);
}
