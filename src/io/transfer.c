/* See transfer.h. Callbacks run inside of libcurl, on the I/O thread: none
** enters Lua, takes a lock or blocks (but on the disk, for bodies that are
** files).
**
** Not to break: on_prereq. Without it libcurl sends a request a second time by
** itself when a connection from its cache turns out to be dead. */
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
#include "file.h"
#include "guards.h"
#include "text.h"

enum { MAX_IDLE = 512, SWEEP_SECONDS = 10, IDLE_SECONDS = 60 };

/* ---- callbacks ---- */

/* The clock is read only where somebody wants to know. */
static void note_activity(salon_Exchange *x) {
  if (x->silence_timeout > 0) x->active_at = salon_now();
}

/* For a callback to return: libcurl gives the transfer up. */
static size_t exceeds(salon_Transfer *t, const char *part, size_t limit) {
  salon_Exchange *x = t->exchange;
  t->over_limit = true;
  snprintf(x->message, sizeof(x->message),
           "the response's %s is longer than %zu bytes", part, limit);
  return 0;
}

/* Only a good response goes to the file: what a refusal says is read in
** memory. */
static bool goes_to_file(salon_Transfer *t) {
  salon_Exchange *x = t->exchange;
  if (x->download == NULL) return false;
  curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &x->status);
  return x->status >= 200 && x->status < 300;
}

static bool write_file(const salon_Exchange *x, const char *data, size_t len) {
  salon_File *f = x->download;
  return (f->begun || salon_file_begin(f, x)) && salon_file_write(f, data, len);
}

static size_t on_body(char *data, size_t size, size_t n, void *user) {
  salon_Transfer *t = user;
  salon_Exchange *x = t->exchange;
  size_t len = size * n;
  note_activity(x);
  if (goes_to_file(t)) return write_file(x, data, len) ? len : 0;
  /* what has come never exceeds the limit, so this does not wrap around */
  if (len > x->max_body - x->content.len)
    return exceeds(t, "body", x->max_body);
  if (salon_bytes_add(&x->content, data, len)) return len;
  t->os_error = ENOMEM;
  return 0;
}

static size_t on_read(char *to, size_t size, size_t n, void *user) {
  salon_Transfer *t = user;
  note_activity(t->exchange);
  ssize_t got = salon_file_read(t->exchange->upload, to, size * n);
  return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

/* Where libcurl has to begin again by itself, before anything was sent: a proxy
** that asks for a login, for example. */
static int on_seek(void *user, curl_off_t offset, int origin) {
  salon_Transfer *t = user;
  if (t->exchange->upload == NULL || origin != SEEK_SET)
    return CURL_SEEKFUNC_CANTSEEK;
  salon_file_seek(t->exchange->upload, (off_t)offset);
  return CURL_SEEKFUNC_OK;
}

/* Called once for each line. A status line begins a new block: that of the
** final response follows those of interim ones (103) and replaces them. */
static size_t on_header(char *data, size_t size, size_t n, void *user) {
  salon_Transfer *t = user;
  salon_Exchange *x = t->exchange;
  size_t len = size * n;
  note_activity(x);
  if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) {
    x->head.len = 0;
    t->head_complete = false;
  }
  if (len > 0 && len <= 2 && data[len - 1] == '\n') t->head_complete = true;
  size_t limit = x->config->max_header;
  if (len > limit - x->head.len) return exceeds(t, "header", limit);
  if (salon_bytes_add(&x->head, data, len)) return len;
  t->os_error = ENOMEM;
  return 0;
}

#if SALON_CURL_HAS_PREREQ
/* Called when the request is about to be sent, also when libcurl repeats it by
** itself on a new connection: that one is refused. Otherwise a POST may arrive
** up to six times. */
static int on_prereq(void *user, char *peer, char *local, int peer_port,
                     int local_port) {
  salon_Transfer *t = user;
  (void)peer, (void)local, (void)peer_port, (void)local_port;
  if (t->exchange->sent && SALON_HAS(SEND_ONCE)) return CURL_PREREQFUNC_ABORT;
  t->exchange->sent = true;
  t->os_error = 0; /* connected: another address did */
  note_activity(t->exchange);
  return CURL_PREREQFUNC_OK;
}
#endif

/* libcurl would open the socket without CLOEXEC (7.88 does), and the poller has
** to know that the number now stands for something new. */
static curl_socket_t on_open(void *user, curlsocktype purpose,
                             struct curl_sockaddr *a) {
  salon_Transfer *t = user;
  (void)purpose;
  t->exchange->opened = true;
  t->pool->openings++;
#ifdef SOCK_CLOEXEC
  t->socket = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
#else
  t->socket = socket(a->family, a->socktype, a->protocol);
  if (t->socket >= 0) (void)fcntl(t->socket, F_SETFD, FD_CLOEXEC);
#endif
  if (t->socket >= 0) {
    salon_poller_opened(t->pool->poller, t->socket);
    t->os_error = 0;                  /* that of an address before */
  } else if (errno != EAFNOSUPPORT) { /* an IPv6 address where there is none */
    t->os_error = errno;
  }
  return t->socket;
}

/* The kernel drops a closed descriptor from epoll by itself, but not while a
** forked child still holds it open. The connection may outlive the transfer
** that opened it: hence the poller, and not the transfer, as `user`. */
static int on_close(void *user, curl_socket_t fd) {
  salon_poller_forget(user, fd);
  return close(fd);
}

/* libcurl copies the text. False: no memory, or it is too long, and a call would
** do without: go to the proxy of the environment instead of none, for example. */
static bool set_text(CURL *e, CURLoption option, const char *text) {
  CURLcode code = curl_easy_setopt(e, option, text);
  return code == CURLE_OK || code == CURLE_NOT_BUILT_IN ||
         code == CURLE_UNKNOWN_OPTION;
}

/* ---- options that a handle keeps ---- */

static bool set_certificate(CURL *e, const salon_Config *c) {
  const char *password = c->client_key_password;
  return c->client_cert == NULL ||
         (set_text(e, CURLOPT_SSLCERT, c->client_cert) &&
          set_text(e, CURLOPT_SSLKEY, c->client_key) &&
          /* without one, OpenSSL would ask at the terminal */
          set_text(e, CURLOPT_KEYPASSWD, password != NULL ? password : ""));
}

static bool set_tls(CURL *e, const salon_Config *c) {
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!set_certificate(e, c)) return false;
  /* without a path, Debian's own would switch libcurl's CA cache off */
  return (c->ca_file == NULL && c->ca_path == NULL) ||
         (set_text(e, CURLOPT_CAINFO, c->ca_file) &&
          set_text(e, CURLOPT_CAPATH, c->ca_path));
}

/* What must not be repeated goes over HTTP/1.1 unless the client wants HTTP/2:
** a server that closes an HTTP/2 connection leaves requests on it unprocessed,
** and libcurl does not tell which. */
static void set_version(salon_Transfer *t, const salon_Exchange *x) {
  static const long versions[] = {CURL_HTTP_VERSION_2TLS, CURL_HTTP_VERSION_1_1,
                                  CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE};
  salon_HttpVersion version = t->config->http_version;
  if (version == SALON_HTTP_AUTO && SALON_HAS(SINGLE_STREAM) &&
      x->plan.class_ != SALON_RETRY_IDEMPOTENT)
    version = SALON_HTTP_1_1;
  curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, versions[version]);
}

static bool set_protocol(CURL *e, const salon_Config *c) {
  salon_curl_allow_http_only(e);
  /* libcurl withholds Authorization from another host, but no other header */
  curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
  /* what a proxy answers to CONNECT is not the response */
  curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  /* decodes; the header itself is among the shared ones, as options are
  ** formatted anew for every call */
  return set_text(e, CURLOPT_ACCEPT_ENCODING, "gzip") &&
         (c->no_proxy == NULL || set_text(e, CURLOPT_NOPROXY, c->no_proxy));
}

static void set_connection(CURL *e, const salon_Config *c) {
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L); /* signals are the host's */
  salon_curl_quit_look_ups(e, SALON_HAS(QUICK_EXIT));
  /* rounded up: 0 would be libcurl's own 300 s */
  double ms = c->connect_timeout * 1000;
  curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
                   (long)(SALON_HAS(CONNECT_FLOOR) ? ceil(ms) : ms));
  curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, (long)c->idle_timeout);
}

static void set_callbacks(salon_Transfer *t) {
  CURL *e = t->easy;
  curl_easy_setopt(e, CURLOPT_PRIVATE, t);
  curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
  curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read);
  curl_easy_setopt(e, CURLOPT_READDATA, t);
  curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_seek);
  curl_easy_setopt(e, CURLOPT_SEEKDATA, t);
  curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
  curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open);
  curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
  curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, t->pool->poller);
#if SALON_CURL_HAS_PREREQ
  curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_prereq);
  curl_easy_setopt(e, CURLOPT_PREREQDATA, t);
#endif
}

static void transfer_free(salon_Transfer *t) {
  curl_easy_cleanup(t->easy);
  curl_url_cleanup(t->origin);
  salon_config_unref(t->config);
  free(t);
}

static salon_Transfer *transfer_new(salon_Pool *pool, salon_Config *config) {
  salon_Transfer *t = calloc(1, sizeof(*t));
  if (t == NULL) return NULL;
  t->config = salon_config_ref(config);
  t->pool = pool;
  t->easy = curl_easy_init();
  t->origin = curl_url();
  if (t->easy != NULL && t->origin != NULL) {
    set_callbacks(t);
    set_connection(t->easy, config);
    if (set_protocol(t->easy, config) && set_tls(t->easy, config)) return t;
  }
  transfer_free(t);
  return NULL;
}

/* ---- options of each call ---- */

static curl_off_t body_size(const salon_Exchange *x) {
  return x->upload != NULL ? (curl_off_t)x->upload->size
                           : (curl_off_t)x->body_len;
}

/* The body stays ours: libcurl copies nothing, and without one in memory it
** asks on_read. Its exact length is sent: Meet silently drops a chunked one. */
static bool set_method(CURL *e, const salon_Exchange *x) {
  const char *method = x->method;
  bool file = x->upload != NULL;
  if (x->body != NULL || file) {
    curl_off_t size = body_size(x);
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, file ? NULL : x->body);
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, size);
    if (strcmp(method, "POST") == 0) method = NULL;
  } else {
    curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
    if (strcmp(method, "HEAD") == 0) curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
    if (strcmp(method, "GET") == 0) method = NULL;
  }
  return set_text(e, CURLOPT_CUSTOMREQUEST, method);
}

/* How connections are shared. On plain http, waiting for the first one's
** response would serialise a burst of calls; where libcurl cannot use a
** connection again every call gets its own. */
static void set_sharing(salon_Transfer *t, salon_Scheme scheme) {
  bool broken = !SALON_CURL_REUSES_PLAIN_HTTP2 && scheme == SALON_HTTP &&
                t->config->http_version == SALON_HTTP_2;
  curl_easy_setopt(t->easy, CURLOPT_PIPEWAIT, scheme == SALON_HTTPS ? 1L : 0L);
  curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, broken ? 1L : 0L);
  curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, broken ? 1L : 0L);
}

/* What is meant for this machine goes to no proxy that only the environment
** names: it would read the password. */
static bool set_proxy(salon_Transfer *t, const salon_Exchange *x) {
  bool none = t->config->proxy_from_environment && x->loopback &&
              SALON_HAS(DIRECT_LOOPBACK);
  t->proxy = none ? NULL : t->config->proxy[x->scheme];
  return set_text(t->easy, CURLOPT_PROXY, t->proxy != NULL ? t->proxy : "");
}

/* Takes the origin apart once for all calls that go there. */
static bool set_origin(salon_Transfer *t, const salon_Exchange *x) {
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
  CURL *e = t->easy;
  const char *rest = x->url + x->origin_len;
  bool whole = *rest != '/' || t->proxy != NULL || !set_origin(t, x);
  curl_easy_setopt(e, CURLOPT_HTTPHEADER,
                   x->download != NULL ? salon_file_ask(x->download, x->headers)
                                       : x->headers);
  curl_easy_setopt(e, CURLOPT_CURLU, whole ? NULL : t->origin);
  /* a target that is not taken would leave the origin's root; the URL comes
  ** after CURLU, which forgets it */
  return set_text(e, CURLOPT_REQUEST_TARGET, whole ? NULL : rest) &&
         (!whole || set_text(e, CURLOPT_URL, x->url));
}

/* Bytes go to the disk as they are, so that the rest can be asked for; and in
** larger pieces: a larger buffer, which each such handle keeps. */
static void set_receiving(CURL *e, const salon_Exchange *x) {
  bool file = x->download != NULL;
  curl_easy_setopt(e, CURLOPT_HTTP_CONTENT_DECODING, file ? 0L : 1L);
  curl_easy_setopt(e, CURLOPT_BUFFERSIZE, file ? 262144L : 16384L);
}

static bool prepare(salon_Transfer *t, salon_Exchange *x) {
  t->exchange = x;
  x->transfer = t;
  t->over_limit = t->head_complete = false;
  t->os_error = t->unwatched = 0;
  t->socket = -1;
  t->uploaded = 0;
  t->error[0] = '\0';
  x->sent = !SALON_CURL_HAS_PREREQ; /* then nobody can tell that nothing left */
  if (!SALON_CURL_HAS_PREREQ) note_activity(x);
  set_version(t, x);
  set_sharing(t, x->scheme);
  set_receiving(t->easy, x);
  return set_proxy(t, x) && set_url(t, x) && set_method(t->easy, x);
}

/* ---- the pool ---- */

static salon_Transfer *take(salon_Pool *pool, salon_Transfer **at) {
  salon_Transfer *t = *at;
  *at = t->next;
  pool->count--;
  t->config->idle--;
  return t;
}

/* Idle handles keep the config of their client alive: when nobody else does they
** go at once. */
static void sweep(salon_Pool *pool, double now) {
  pool->swept = now;
  for (salon_Transfer **at = &pool->idle; *at != NULL;) {
    salon_Transfer *t = *at;
    bool orphan = atomic_load(&t->config->refs) == t->config->idle;
    if (!orphan && now - t->idle_since < IDLE_SECONDS) {
      at = &t->next;
      continue;
    }
    transfer_free(take(pool, at));
  }
}

void salon_pool_open(salon_Pool *pool, salon_Poller *poller) {
  *pool = (salon_Pool){.poller = poller,
                       .keeps = !SALON_HAS(FRESH_HANDLES) ||
                                salon_curl_may_reuse_handles()};
}

bool salon_pool_get(salon_Pool *pool, salon_Exchange *x) {
  salon_Transfer **at = &pool->idle;
  while (*at != NULL && (*at)->config != x->config) at = &(*at)->next;
  salon_Transfer *t = *at;
  if (t != NULL) {
    (void)take(pool, at);
  } else {
    t = transfer_new(pool, x->config);
    if (t == NULL) return false;
  }
  return prepare(t, x); /* else it is x's all the same, to be put back */
}

void salon_pool_put(salon_Pool *pool, salon_Transfer *t, double now) {
  t->exchange->transfer = NULL;
  t->exchange = NULL;
  t->idle_since = now;
  bool full = pool->count >= MAX_IDLE;
  if (full || now - pool->swept > SWEEP_SECONDS) sweep(pool, now);
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
  t->config->idle++;
}

void salon_pool_free(salon_Pool *pool) {
  while (pool->idle != NULL) transfer_free(take(pool, &pool->idle));
}

/* ---- the result ---- */

/* libcurl reads the value but gives 0 for one that is absent, for one that it
** does not understand, and for 0; of "7s" or "1e3" it takes the digits. So the
** header itself tells whether there is one, and of which form. */
static int64_t read_retry_after(const salon_Transfer *t) {
  static const char digits[] = "0123456789";
  static const int64_t longest = 1000000000; /* for what no number can say */
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
  if (overflow) return longest;
  return seconds > 0 ? seconds : 0;
}

void salon_transfer_note_outcome(salon_Transfer *t) {
  salon_Exchange *x = t->exchange;
  curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &x->status);
  if (x->status < 200) x->status = 0;
  if (x->status != 0) {
    x->outcome = SALON_DONE;
    x->retry_after = read_retry_after(t);
  } else if (x->sent || x->outcome != SALON_UNSENT) { /* or in an earlier try */
    x->outcome = SALON_UNKNOWN;
  }
}

/* libcurl has limits of its own for headers. */
static bool is_limit_of_curl(const salon_Transfer *t, CURLcode code) {
  return (int)code == SALON_CURLE_TOO_LARGE ||
         (code == CURLE_RECV_ERROR && strstr(t->error, "response headers"));
}

/* The port at the other end speaks no TLS: OpenSSL's words. */
static bool speaks_no_tls(const salon_Transfer *t, CURLcode code) {
  static const char *const words[] = {"wrong version number", "http request",
                                      "packet length too long",
                                      "unsupported protocol"};
  if (code != CURLE_SSL_CONNECT_ERROR) return false;
  for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
    if (strstr(t->error, words[i]) != NULL) return true;
  return false;
}

/* What a proxy said to CONNECT; 0 = nothing, or yes. */
static long proxy_status(const salon_Transfer *t) {
  long status = 0;
  curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status);
  return status >= 300 ? status : 0;
}

static bool lacks_system(const salon_Transfer *t) {
  return t->os_error != 0 || strstr(t->error, "thread failed to start") != NULL;
}

static const salon_File *file_at_fault(const salon_Exchange *x) {
  if (x->upload != NULL && x->upload->fault != NULL) return x->upload;
  return x->download != NULL && x->download->fault != NULL ? x->download : NULL;
}

static salon_Kind kind_of(const salon_Transfer *t, CURLcode code) {
  const salon_Exchange *x = t->exchange;
  if (t->over_limit || lacks_system(t)) return SALON_LIMIT;
  if (file_at_fault(x) != NULL) return SALON_FILE;
  if (x->download != NULL && x->download->refusal != NULL)
    return x->download->anew ? SALON_NETWORK : SALON_DECODE;
  if (is_limit_of_curl(t, code)) return SALON_LIMIT;
  switch (code) {
  case CURLE_OPERATION_TIMEDOUT:
    return SALON_TIMEOUT;
  case CURLE_OUT_OF_MEMORY:
    return SALON_LIMIT;
  case CURLE_BAD_CONTENT_ENCODING:
  case CURLE_WRITE_ERROR: /* of libcurl's decoder: our own are dealt with above */
    return SALON_DECODE;
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CERTPROBLEM:
  case CURLE_SSL_CIPHER:
  case CURLE_SSL_CACERT_BADFILE:
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
static const char *message_for(const salon_Transfer *t, CURLcode code) {
  const char *own = t->error[0] != '\0' ? t->error : curl_easy_strerror(code);
  if (t->os_error != 0) return salon_text_of_error(t->os_error);
  const salon_File *to = t->exchange->download;
  if (to != NULL && to->refusal != NULL) return to->refusal;
  if (is_limit_of_curl(t, code)) return own;
  if (shows_proxy(t->error)) return "the proxy's address is not valid";
  if (speaks_no_tls(t, code)) return "this port speaks no TLS";
  switch (code) {
  case CURLE_ABORTED_BY_CALLBACK: /* our refusal to send it twice */
  case CURLE_GOT_NOTHING:
    return "the server closed the connection without a response";
  case CURLE_SEND_ERROR:
    return "the connection broke while sending";
  case CURLE_RECV_ERROR:
    return "the connection broke before the response was complete";
  case CURLE_WRITE_ERROR:
    return "data follows the end of the compressed body";
  case CURLE_PARTIAL_FILE:
    return "the response was cut short";
  case CURLE_HTTP2_STREAM:
  case CURLE_HTTP2:
    return "the server reset the HTTP/2 stream";
  case CURLE_OUT_OF_MEMORY: /* in libcurl 7.88 both */
    return "not enough memory, or a header line of more than 100 KiB";
  default:
    return own;
  }
}

static bool is_transient(const salon_Transfer *t, CURLcode code) {
  salon_Kind kind = t->exchange->kind;
  bool sent = t->exchange->sent;
  /* a proxy that refuses once more might lock the account */
  if (speaks_no_tls(t, code) || proxy_status(t) != 0) return false;
  /* after sending, the protocol is not the URL's but that of the response */
  if (kind == SALON_NETWORK)
    return code != CURLE_URL_MALFORMAT &&
           (code != CURLE_UNSUPPORTED_PROTOCOL || sent);
  /* a handshake may be broken off by a server that restarts; a certificate
  ** does not get better */
  return kind == SALON_TIMEOUT || code == CURLE_SSL_CONNECT_ERROR;
}

/* A good response that is compressed, and of which nothing came out: libcurl's
** brotli waits for more bytes without a word. */
static bool is_decoded_to_nothing(const salon_Exchange *x) {
  return SALON_HAS(UNPACK_CHECK) && x->status < 300 && x->status != 204 &&
         strcmp(x->method, "HEAD") != 0 && x->content.len == 0 &&
         x->download == NULL && salon_exchange_is_encoded(x);
}

/* What libcurl makes of a response that goes to the disk, and what it is. */
static CURLcode check_file(const salon_Exchange *x, CURLcode code) {
  salon_File *f = x->download;
  if (f == NULL || code != CURLE_OK) return code;
  if (x->status == 416 && f->from > 0) { /* there is no byte after it */
    f->refusal = "the file on the server is shorter than what has come of it";
    salon_file_start_anew(f);
    return CURLE_WRITE_ERROR;
  }
  if (x->status < 200 || x->status >= 300) return code;
  if (!f->begun && !salon_file_begin(f, x)) return CURLE_WRITE_ERROR;
  return f->at < f->size ? CURLE_PARTIAL_FILE : CURLE_OK;
}

bool salon_transfer_conclude(salon_Transfer *t, CURLcode code) {
  salon_Exchange *x = t->exchange;
  salon_transfer_note_outcome(t);
  code = check_file(x, code);
  if (code == CURLE_OK && x->status != 0) {
    if (t->head_complete && !is_decoded_to_nothing(x)) return false;
    code = t->head_complete
             ? CURLE_BAD_CONTENT_ENCODING
             : CURLE_PARTIAL_FILE; /* libcurl takes half a header for a whole */
  }
  x->kind = kind_of(t, code);
  x->refused = !x->sent && (code == CURLE_COULDNT_CONNECT ||
                            code == CURLE_SSL_CONNECT_ERROR);
  const salon_File *file = file_at_fault(x);
  if (file != NULL && t->os_error == 0)
    snprintf(x->message, sizeof(x->message), "%s%s%s: %s", file->fault,
             file->error != 0 ? ": " : "",
             file->error != 0 ? salon_text_of_error(file->error) : "",
             file->name);
  else if (proxy_status(t) != 0)
    snprintf(x->message, sizeof(x->message),
             "the proxy refused the connection with status %ld",
             proxy_status(t));
  else if (code == CURLE_SSL_CERTPROBLEM)
    snprintf(x->message, sizeof(x->message), "the client's certificate: %s",
             message_for(t, code));
  else if (code == CURLE_OPERATION_TIMEDOUT) /* all other timeouts are ours */
    snprintf(x->message, sizeof(x->message), "%s (connect_timeout)",
             message_for(t, code));
  else if (!t->over_limit)
    snprintf(x->message, sizeof(x->message), "%s", message_for(t, code));
  return is_transient(t, code);
}

/* ---- its time is up ---- */

static bool is_resolved(CURL *e) {
  curl_off_t us = 0;
  curl_easy_getinfo(e, CURLINFO_NAMELOOKUP_TIME_T, &us);
  return us > 0;
}

/* libcurl's own timeouts differ by version (7.88 and 8.14 count the TLS handshake
** in); the socket knows whether TCP is through. */
static bool is_connected(const salon_Transfer *t) {
  struct sockaddr_storage peer;
  socklen_t len = sizeof(peer);
  return t->socket >= 0 &&
         getpeername(t->socket, (struct sockaddr *)&peer, &len) == 0;
}

static const char *stage_of(const salon_Transfer *t) {
  const salon_Exchange *x = t->exchange;
  if (x->status != 0) return "in the middle of the response";
  if (!x->sent && !is_resolved(t->easy)) return "while resolving the host name";
  if (!x->sent && !is_connected(t)) return "while connecting";
  if (!x->sent && x->scheme == SALON_HTTPS) return "during the TLS handshake";
  return "before the response began";
}

void salon_transfer_timed_out(salon_Transfer *t) {
  salon_Exchange *x = t->exchange;
  salon_transfer_note_outcome(t);
  x->kind = SALON_TIMEOUT;
  snprintf(x->message, sizeof(x->message), "timed out %s", stage_of(t));
}

void salon_transfer_stalled(salon_Transfer *t, double seconds) {
  salon_Exchange *x = t->exchange;
  const char *what = x->head.len > 0 ? "the response stalled"
                                     : "the server was silent";
  char limit[32];
  salon_text_of_seconds(seconds, limit, sizeof(limit));
  salon_transfer_note_outcome(t);
  x->kind = SALON_TIMEOUT;
  snprintf(x->message, sizeof(x->message), "%s for %s s (silence_timeout)",
           what, limit);
}

bool salon_transfer_is_uploading(salon_Transfer *t) {
  const salon_Exchange *x = t->exchange;
  curl_off_t size = body_size(x);
  curl_off_t sent = 0, before = t->uploaded;
  curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
  t->uploaded = sent;
  return sent > before && sent < size;
}
