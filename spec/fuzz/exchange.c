/* Any bytes as a server's answers to calls over a real socket. The first line of
   an input is letters that say how it is asked (see `options`), the rest is what
   the server sends: to each request the next piece, up to a byte 0x1E, and after
   the last one it closes the connection. Whatever comes, each call ends by its
   deadline, keeps to its limits, is sent once per attempt, and leaves nothing. */

#define _GNU_SOURCE /* memmem, accept4 */

#include "fuzz.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/config.h"
#include "io/engine.h"
#include "io/file.h"
#include "io/exchange.h"
#include "io/mailbox.h"

enum { MAX_CALLS = 4, BETWEEN = 0x1E };

static const double DEADLINE = 0.015, GRACE = 5; /* seconds */

/* ---- the server ---- */

static int listen_fd, port;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct Script { /* guarded by the lock */
  const char *at, *end;
  bool keeps, resets;
  int requests;
} script;

/* Sends the next piece; false when the connection is to be closed. */
static bool answer(int fd) {
  pthread_mutex_lock(&lock);
  size_t left = (size_t)(script.end - script.at);
  const char *stop = left > 0 ? memchr(script.at, BETWEEN, left) : NULL;
  size_t len = stop != NULL ? (size_t)(stop - script.at) : left;
  if (len > 0) (void)!send(fd, script.at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
  script.at += len + (stop != NULL);
  script.requests++;
  bool goes_on = script.keeps && stop != NULL;
  pthread_mutex_unlock(&lock);
  return goes_on;
}

/* HTTP/2 or TLS: there every piece that comes in is answered. */
static bool is_binary(const char *text, size_t len) {
  return len >= 3 && (memcmp(text, "PRI", 3) == 0 || text[0] == 0x16);
}

static void serve(int fd) {
  char text[16384];
  size_t len = 0;
  bool binary = false;
  for (;;) {
    ssize_t n = recv(fd, text + len, sizeof(text) - len, 0);
    if (n <= 0) return;
    len += (size_t)n;
    binary = binary || is_binary(text, len);
    if (!binary && memmem(text, len, "\r\n\r\n", 4) == NULL) continue;
    if (!answer(fd)) return;
    len = 0;
  }
}

static void hang_up(int fd) {
  struct linger none = {.l_onoff = 1, .l_linger = 0};
  pthread_mutex_lock(&lock);
  if (script.resets) setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
  pthread_mutex_unlock(&lock);
  close(fd);
}

static void *server(void *unused) {
  for (;;) {
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) continue;
    serve(fd);
    hang_up(fd);
  }
  return unused;
}

static struct sockaddr_in address(void) {
  return (struct sockaddr_in){.sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int tcp_socket(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  MUST(fd >= 0);
  return fd;
}

/* Connections are served one after the other: when ours has been, all that came
   before it are closed. */
static void settle(void) {
  struct sockaddr_in a = address();
  char byte;
  int fd = tcp_socket();
  while (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
    MUST(errno == EINTR); /* libFuzzer has a timer */
    close(fd);
    fd = tcp_socket();
  }
  shutdown(fd, SHUT_WR);
  for (ssize_t n = 1; n > 0 || (n < 0 && errno == EINTR);)
    n = recv(fd, &byte, 1, 0);
  close(fd);
}

static void start_server(void) {
  struct sockaddr_in a = address();
  socklen_t len = sizeof(a);
  pthread_t thread;
  listen_fd = tcp_socket();
  MUST(bind(listen_fd, (struct sockaddr *)&a, sizeof(a)) == 0);
  MUST(listen(listen_fd, 128) == 0);
  MUST(getsockname(listen_fd, (struct sockaddr *)&a, &len) == 0);
  port = ntohs(a.sin_port);
  sigset_t every, before; /* signals are for the main thread */
  sigfillset(&every);
  pthread_sigmask(SIG_SETMASK, &every, &before);
  MUST(pthread_create(&thread, NULL, server, NULL) == 0);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- the calls ---- */

typedef struct Options {
  const char *method;
  bool http2, tunnel; /* tunnel: https through the server as a proxy */
  bool file;          /* the body goes to one */
  bool small;         /* limits that are soon reached */
  bool together;      /* all calls at the same time */
  bool cancels;       /* the first one, as soon as it has begun */
  int calls, tries;   /* a call for each piece */
} Options;

static bool has(const char *letters, size_t len, char letter) {
  return memchr(letters, letter, len) != NULL;
}

static Options options(const char *letters, size_t len) {
  script.keeps = has(letters, len, 'k');
  script.resets = has(letters, len, 'r');
  return (Options){
    .method = has(letters, len, 'P')   ? "POST"
              : has(letters, len, 'H') ? "HEAD"
              : has(letters, len, 'D') ? "DELETE"
                                       : "GET",
    .http2 = has(letters, len, '2'),
    .tunnel = has(letters, len, 't'),
    .file = has(letters, len, 'f'),
    .small = has(letters, len, 's'),
    .together = has(letters, len, 'a'),
    .cancels = has(letters, len, 'c'),
    .calls = 1,
    .tries = has(letters, len, 'y') ? 2 : 1,
  };
}

static salon_Config *make_config(const Options *o) {
  salon_Config *c = salon_config_new();
  MUST(c != NULL);
  c->retry.base = c->retry.cap = c->retry.retry_after_cap = 0.0001;
  c->retry.max_tries = o->tries;
  if (o->http2) c->http_version = SALON_HTTP_2;
  if (o->small) c->max_body = 64, c->max_header = 256;
  if (o->tunnel) {
    char text[64];
    snprintf(text, sizeof(text), "http://127.0.0.1:%d", port);
    c->proxy[SALON_HTTPS] = strdup(text);
    c->ca_file = strdup("build/fuzz/ca.pem"); /* a whole bundle takes 0.2 s */
  }
  return c;
}

static salon_Exchange *begin(const Options *o, salon_Config *config,
                             salon_Mailbox *mailbox) {
  static const char body[] = "{}";
  char url[64];
  salon_Target target;
  size_t len = strcmp(o->method, "POST") == 0 ? sizeof(body) - 1 : 0;
  snprintf(url, sizeof(url), "http://127.0.0.1:%d/x", port);
  if (o->tunnel) strcpy(url, "https://meet.example/x");
  MUST(salon_url_target(url, &target) == NULL);
  salon_Exchange *x = salon_exchange_new(config, o->method, &target, NULL,
                                         len > 0 ? body : NULL, len);
  MUST(x != NULL && salon_exchange_authorise(x, "token", 5));
  if (o->file) {
    char path[] = "/tmp/salon-fuzz-XXXXXX";
    x->download = salon_file_sink(mkstemp(path), 0, path);
    MUST(x->download != NULL);
    unlink(path);
  }
  x->deadline = salon_now() + DEADLINE;
  MUST(salon_engine_submit(x, mailbox));
  return x;
}

static void look_at(const Options *o, const salon_Exchange *x) {
  size_t at = 0, len;
  MUST(x->kind == SALON_OK ? x->status >= 200 : x->message[0] != '\0');
  MUST(memchr(x->message, '\0', sizeof(x->message)) != NULL);
  MUST(x->attempts >= 0 && x->attempts <= o->tries);
  MUST(x->status == 0 || x->outcome == SALON_DONE);
  MUST(x->head.len <= x->config->max_header);
  MUST(x->content.len <= x->max_body);
  MUST(o->cancels || x->kind != SALON_CANCELLED);
  while (salon_exchange_header(x, "Link", &at, &len) != NULL) continue;
}

static void finish(const Options *o, salon_Exchange *x, salon_Mailbox *m) {
  double until = salon_now() + DEADLINE + GRACE;
  while (!salon_mailbox_wait(m, x, 1)) MUST(salon_now() < until); /* signals */
  look_at(o, x);
}

/* How often all of them were sent. */
static int call(const Options *o, salon_Config *config, salon_Mailbox *m) {
  salon_Exchange *calls[MAX_CALLS];
  int attempts = 0;
  for (int i = 0; i < o->calls; i++) {
    calls[i] = begin(o, config, m);
    if (i == 0 && o->cancels) salon_engine_cancel(calls[i]);
    if (!o->together) finish(o, calls[i], m);
  }
  for (int i = 0; i < o->calls; i++) {
    finish(o, calls[i], m);
    attempts += calls[i]->attempts;
    salon_exchange_unref(calls[i]);
  }
  return attempts;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, start_server);
  const char *text = (const char *)data, *end = text + size;
  const char *line = size > 0 ? memchr(text, '\n', size) : NULL;
  if (line == NULL) return 0;

  pthread_mutex_lock(&lock);
  Options o = options(text, (size_t)(line - text));
  script.at = line + 1;
  script.end = end;
  script.requests = 0;
  for (const char *c = script.at; c < end && o.calls < MAX_CALLS; c++)
    o.calls += *c == BETWEEN;
  pthread_mutex_unlock(&lock);

  salon_Config *config = make_config(&o);
  salon_Mailbox *mailbox = salon_mailbox_new();
  MUST(mailbox != NULL);
  int attempts = call(&o, config, mailbox);
  salon_mailbox_unref(mailbox);
  salon_config_unref(config);
  salon_engine_stop();

  settle();
  MUST(o.http2 || o.tunnel || script.requests <= attempts);
  return 0;
}
