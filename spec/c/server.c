/* See server.h. One poll loop; whatever other threads ask for is guarded by
** the mutex and announced through a pipe. Errors of the machine end the test
** program at once: a test cannot say anything then. */

#define _GNU_SOURCE /* memmem, pipe2 */

#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

enum { DRIP_MS = 50, TRICKLE_MS = 1000, MAX_STREAMS = 32 };

typedef struct Buffer {
  char *data;
  size_t len, room;
} Buffer;

typedef struct Conn {
  int fd;   /* owned; -1 = a free place */
  SSL *ssl; /* owned; NULL without TLS */
  bool http2;
  bool writing;                 /* `out` is under way, requests wait */
  Then then;                    /* after `out` */
  int hanging;                  /* requests without a response */
  uint32_t stream[MAX_STREAMS]; /* HTTP/2: theirs */
  int order;                    /* arrival of the first one that hangs */
  long left; /* bytes until it is cut, of request and response; < 0 = all */
  Buffer in, out;
  size_t sent;
} Conn;

struct Server {
  Respond *respond;
  long (*cut)(void *user);
  void *user;
  int listen_fd, lifeline, port;
  SSL_CTX *tls;     /* owned; NULL without TLS */
  char folder[200]; /* with key.pem and cert.pem */
  char ca[220];
  int pipe[2];
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  /* guarded by the lock */
  int requests, hanging, peak, open, to_release, arrivals;
  bool stopping;
  Buffer last;
  /* the thread's own */
  Conn *conns;
  size_t count;
};

static void must(bool ok, const char *what) {
  if (ok) return;
  perror(what);
  abort();
}

/* Always followed by a NUL. */
static void add(Buffer *b, const void *data, size_t len) {
  if (b->room - b->len <= len) {
    b->room = (b->len + len + 1) * 2;
    b->data = realloc(b->data, b->room);
    must(b->data != NULL, "realloc");
  }
  if (len > 0) memcpy(b->data + b->len, data, len);
  b->len += len;
  b->data[b->len] = '\0';
}

static void drop(Buffer *b, size_t len) {
  memmove(b->data, b->data + len, b->len - len + 1);
  b->len -= len;
}

static void empty(Buffer *b) {
  free(b->data);
  *b = (Buffer){NULL, 0, 0};
}

/* ---- bytes in and out: > 0, 0 at the end, < 0 with errno ---- */

static ssize_t io_result(Conn *c, int n) {
  if (n > 0) return n;
  int why = SSL_get_error(c->ssl, n);
  bool again = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
  errno = again ? EAGAIN : EIO;
  return why == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

static ssize_t receive(Conn *c, char *to, size_t len) {
  if (c->ssl == NULL) return recv(c->fd, to, len, MSG_DONTWAIT);
  return io_result(c, SSL_read(c->ssl, to, (int)len));
}

static ssize_t transmit(Conn *c, const char *from, size_t len) {
  if (c->ssl == NULL)
    return send(c->fd, from, len, MSG_NOSIGNAL | MSG_DONTWAIT);
  return io_result(c, SSL_write(c->ssl, from, (int)len));
}

/* ---- connections ---- */

static void change_hanging(Server *s, Conn *c, int by) {
  pthread_mutex_lock(&s->lock);
  c->hanging += by;
  s->hanging += by;
  if (by > 0 && c->hanging == by) c->order = ++s->arrivals;
  if (s->hanging > s->peak) s->peak = s->hanging;
  pthread_mutex_unlock(&s->lock);
}

static void hang_up(Server *s, Conn *c) {
  if (c->hanging > 0) change_hanging(s, c, -c->hanging);
  SSL_free(c->ssl);
  close(c->fd);
  c->fd = -1;
  empty(&c->in);
  empty(&c->out);
  pthread_mutex_lock(&s->lock);
  s->open--;
  pthread_cond_broadcast(&s->changed);
  pthread_mutex_unlock(&s->lock);
}

static void reset(Server *s, Conn *c) {
  struct linger none = {.l_onoff = 1, .l_linger = 0};
  setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
  hang_up(s, c);
}

static void accept_one(Server *s) {
  int fd = accept(s->listen_fd, NULL, NULL);
  if (fd < 0) return;
  int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  fcntl(fd, F_SETFL, O_NONBLOCK);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  size_t i = 0;
  while (i < s->count && s->conns[i].fd >= 0) i++;
  if (i == s->count) {
    s->count = s->count == 0 ? 16 : s->count * 2;
    s->conns = realloc(s->conns, s->count * sizeof(*s->conns));
    must(s->conns != NULL, "realloc");
    for (size_t j = i; j < s->count; j++) s->conns[j] = (Conn){.fd = -1};
  }
  s->conns[i] = (Conn){.fd = fd, .left = -1};
  if (s->tls != NULL) {
    s->conns[i].ssl = SSL_new(s->tls);
    SSL_set_fd(s->conns[i].ssl, fd);
    SSL_set_accept_state(s->conns[i].ssl);
  }
  pthread_mutex_lock(&s->lock);
  s->open++;
  pthread_mutex_unlock(&s->lock);
}

static bool is_slow(const Conn *c) {
  return c->then == THEN_DRIP || c->then == THEN_TRICKLE;
}

/* What follows a response. */
static void act(Server *s, Conn *c) {
  c->writing = false;
  c->out.len = c->sent = 0;
  if (c->then == THEN_RESET)
    reset(s, c);
  else if (c->then == THEN_CLOSE || is_slow(c) || c->then == THEN_GOAWAY)
    hang_up(s, c);
}

static void flush(Server *s, Conn *c) {
  size_t left = c->out.len - c->sent;
  if (is_slow(c) && left > 1) left = 1;
  ssize_t n = left == 0 ? 0 : transmit(c, c->out.data + c->sent, left);
  if (n < 0) {
    if (errno != EAGAIN) hang_up(s, c);
    return;
  }
  c->sent += (size_t)n;
  if (c->sent == c->out.len) act(s, c);
}

/* ---- requests ---- */

static Response arrived(Server *s, const char *path, const char *text,
                        size_t len) {
  pthread_mutex_lock(&s->lock);
  int n = ++s->requests;
  s->last.len = 0;
  add(&s->last, text, len);
  pthread_cond_broadcast(&s->changed);
  pthread_mutex_unlock(&s->lock);
  char *copy = strndup(text, len);
  Response a = s->respond(s->user, n, path, copy);
  free(copy);
  if (a.len == 0 && a.bytes != NULL) a.len = strlen(a.bytes);
  return a;
}

static size_t content_length(const char *head, size_t len) {
  static const char name[] = "\ncontent-length:";
  for (size_t i = 0; i + sizeof(name) < len; i++)
    if (strncasecmp(head + i, name, sizeof(name) - 1) == 0)
      return strtoul(head + i + sizeof(name) - 1, NULL, 10);
  return 0;
}

/* Takes one whole request out of the buffer; false: there is none yet. */
static bool http1_request(Server *s, Conn *c) {
  char *end = c->in.len == 0 ? NULL
                             : memmem(c->in.data, c->in.len, "\r\n\r\n", 4);
  if (end == NULL) return false;
  size_t head = (size_t)(end - c->in.data) + 4;
  size_t len = head + content_length(c->in.data, head);
  if (c->in.len < len) return false;
  char path[512] = "";
  sscanf(c->in.data, "%*15s %511s", path);
  Response a = arrived(s, path, c->in.data, len);
  drop(&c->in, len);
  if (c->left >= 0 && (size_t)c->left <= a.len) {
    a.len = (size_t)c->left;
    a.then = THEN_CLOSE;
  }
  add(&c->out, a.bytes, a.len);
  c->then = a.then;
  if (a.then == THEN_HANG) change_hanging(s, c, 1);
  c->writing = true;
  flush(s, c);
  return c->fd >= 0 && !c->writing && a.then == THEN_KEEP;
}

/* ---- HTTP/2 ---- */

static void add_frame(Conn *c, int type, int flags, uint32_t stream,
                      const char *data, size_t len) {
  unsigned char head[9] = {(unsigned char)(len >> 16),
                           (unsigned char)(len >> 8),
                           (unsigned char)len,
                           (unsigned char)type,
                           (unsigned char)flags,
                           (unsigned char)(stream >> 24),
                           (unsigned char)(stream >> 16),
                           (unsigned char)(stream >> 8),
                           (unsigned char)stream};
  add(&c->out, head, sizeof(head));
  add(&c->out, data, len);
}

static void add_ok(Conn *c, uint32_t stream, Response a) {
  const char *body = memmem(a.bytes, a.len, "\r\n\r\n", 4);
  must(body != NULL, "a response without a body");
  body += 4;
  add_frame(c, 1, 4, stream, "\x88", 1); /* HEADERS: ":status: 200" */
  add_frame(c, 0, 1, stream, body,       /* DATA, END_STREAM */
            a.len - (size_t)(body - a.bytes));
}

static void http2_answer(Server *s, Conn *c, uint32_t stream) {
  char covered[8] = {0, 0, 0, (char)(stream - 2), 0, 0, 0, 0};
  if (stream == 1) covered[3] = 0;
  Response a = arrived(s, "", "", 0);
  switch (a.then) {
  case THEN_KEEP:
    add_ok(c, stream, a);
    return;
  case THEN_REFUSE:
    add_frame(c, 3, 0, stream, "\0\0\0\7", 4);
    return;
  case THEN_BREAK:
    add_frame(c, 3, 0, stream, "\0\0\0\2", 4);
    return;
  case THEN_GOAWAY:
    add_frame(c, 7, 0, 0, covered, 8);
    break;
  case THEN_HANG:
    must(c->hanging < MAX_STREAMS, "too many streams");
    c->stream[c->hanging] = stream;
    change_hanging(s, c, 1);
    return;
  default:
    break;
  }
  c->then = a.then;
}

static bool http2_frame(Server *s, Conn *c) {
  const unsigned char *p = (const unsigned char *)c->in.data;
  if (c->in.len < 9) return false;
  size_t len = (size_t)p[0] << 16 | (size_t)p[1] << 8 | p[2];
  int type = p[3], flags = p[4];
  uint32_t stream = (uint32_t)p[5] << 24 | (uint32_t)p[6] << 16 |
                    (uint32_t)p[7] << 8 | p[8];
  if (c->in.len < 9 + len) return false;
  if (type == 4 && !(flags & 1)) add_frame(c, 4, 1, 0, NULL, 0);
  if (type == 6 && !(flags & 1)) add_frame(c, 6, 1, 0, c->in.data + 9, len);
  if ((type == 0 || type == 1) && (flags & 1)) http2_answer(s, c, stream);
  drop(&c->in, 9 + len);
  return c->then == THEN_KEEP;
}

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

static void http2_read(Server *s, Conn *c) {
  while (http2_frame(s, c)) continue;
  c->writing = true;
  flush(s, c);
}

static bool starts_http2(Conn *c) {
  size_t n = sizeof(preface) - 1;
  if (c->http2) return true;
  if (c->in.len < n || memcmp(c->in.data, preface, n) != 0) return false;
  drop(&c->in, n);
  add_frame(c, 4, 0, 0, NULL, 0); /* SETTINGS */
  return c->http2 = true;
}

/* Is this the first byte of a request, and not the end of the connection? */
static bool begins(const Conn *c) {
  char byte;
  return c->ssl == NULL && c->in.len == 0 && !c->writing && c->hanging == 0 &&
         recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void read_some(Server *s, Conn *c) {
  char bytes[16384]; /* a whole TLS record: nothing stays behind in it */
  size_t room = sizeof(bytes);
  if (s->cut != NULL && begins(c)) c->left = s->cut(s->user);
  if (c->left >= 0 && (size_t)c->left < room) room = (size_t)c->left;
  ssize_t n = room == 0 ? 0 : receive(c, bytes, room);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    hang_up(s, c);
    return;
  }
  add(&c->in, bytes, (size_t)n);
  if (c->left >= 0) c->left -= n;
  if (starts_http2(c))
    http2_read(s, c);
  else
    while (!c->writing && c->hanging == 0 && http1_request(s, c)) continue;
}

/* ---- what others ask for ---- */

static Conn *longest_hanging(Server *s) {
  Conn *first = NULL;
  for (size_t i = 0; i < s->count; i++) {
    Conn *c = &s->conns[i];
    if (c->fd < 0 || c->hanging == 0) continue;
    if (first == NULL || c->order < first->order) first = c;
  }
  return first;
}

static void release_one(Server *s, Conn *c) {
  change_hanging(s, c, -1);
  Response ok = OK_RESPONSE;
  ok.len = strlen(ok.bytes);
  if (c->http2)
    add_ok(c, c->stream[c->hanging], ok);
  else
    add(&c->out, ok.bytes, ok.len);
  c->then = THEN_KEEP;
  c->writing = true;
  flush(s, c);
}

static bool obey(Server *s) {
  char bytes[64];
  while (read(s->pipe[0], bytes, sizeof(bytes)) > 0) continue;
  pthread_mutex_lock(&s->lock);
  int n = s->to_release;
  bool stopping = s->stopping;
  s->to_release = 0;
  pthread_mutex_unlock(&s->lock);
  for (Conn *c; n-- > 0 && (c = longest_hanging(s)) != NULL;) release_one(s, c);
  return !stopping;
}

static void ask(Server *s) { must(write(s->pipe[1], "!", 1) == 1, "write"); }

/* ---- the loop ---- */

/* A fork finds no server at work, hence none of OpenSSL's locks taken. */
static pthread_mutex_t at_work = PTHREAD_MUTEX_INITIALIZER;

static void before_fork(void) { pthread_mutex_lock(&at_work); }

static void after_fork(void) { pthread_mutex_unlock(&at_work); }

static void mind_forks(void) {
  pthread_atfork(before_fork, after_fork, after_fork);
}

static bool turn(Server *s) {
  enum { FIXED = 3 };
  size_t count = s->count;
  struct pollfd *set = calloc(FIXED + count, sizeof(*set));
  must(set != NULL, "calloc");
  set[0] = (struct pollfd){.fd = s->pipe[0], .events = POLLIN};
  set[1] = (struct pollfd){.fd = s->listen_fd, .events = POLLIN};
  set[2] = (struct pollfd){.fd = s->lifeline}; /* POLLERR comes unasked */
  int ms = -1;
  for (size_t i = 0; i < count; i++) {
    Conn *c = &s->conns[i];
    bool drips = c->fd >= 0 && c->writing && is_slow(c);
    if (drips && ms != DRIP_MS)
      ms = c->then == THEN_DRIP ? DRIP_MS : TRICKLE_MS;
    set[FIXED + i] = (struct pollfd){
      .fd = c->fd,
      .events = (short)(POLLIN | (c->writing && !drips ? POLLOUT : 0))};
  }
  int n = poll(set, (nfds_t)(FIXED + count), ms);
  pthread_mutex_lock(&at_work);
  for (size_t i = 0; i < count; i++) {
    Conn *c = &s->conns[i];
    if (c->fd < 0) continue;
    if (set[FIXED + i].revents & ~POLLOUT) read_some(s, c);
    if (c->fd < 0 || !c->writing) continue;
    if (is_slow(c) ? n == 0 : set[FIXED + i].revents & POLLOUT) flush(s, c);
  }
  if (set[1].revents) accept_one(s);
  bool go_on = !(set[2].revents & (POLLERR | POLLHUP));
  if (set[0].revents) go_on = obey(s) && go_on;
  pthread_mutex_unlock(&at_work);
  free(set);
  return go_on;
}

static void *serve(void *user) {
  Server *s = user;
  sigset_t pipe; /* OpenSSL writes without MSG_NOSIGNAL */
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, NULL);
  while (turn(s)) continue;
  for (size_t i = 0; i < s->count; i++)
    if (s->conns[i].fd >= 0) hang_up(s, &s->conns[i]);
  return NULL;
}

static Server *server_new(Respond *respond, void *user, int lifeline) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, mind_forks);
  struct sockaddr_in a = {.sin_family = AF_INET};
  socklen_t len = sizeof(a);
  Server *s = calloc(1, sizeof(*s));
  must(s != NULL, "calloc");
  s->respond = respond;
  s->user = user;
  s->lifeline = lifeline;
  pthread_mutex_init(&s->lock, NULL);
  pthread_cond_init(&s->changed, NULL);
  must(pipe2(s->pipe, O_CLOEXEC | O_NONBLOCK) == 0, "pipe2");
  s->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  must(s->listen_fd >= 0 &&
         bind(s->listen_fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
         listen(s->listen_fd, 2048) == 0 &&
         getsockname(s->listen_fd, (struct sockaddr *)&a, &len) == 0,
       "listen");
  s->port = ntohs(a.sin_port);
  return s;
}

static int choose_protocol(SSL *ssl, const unsigned char **out,
                           unsigned char *out_len, const unsigned char *in,
                           unsigned in_len, void *unused) {
  static const unsigned char known[] = "\2h2\10http/1.1";
  (void)ssl, (void)unused;
  int found = SSL_select_next_proto((unsigned char **)out, out_len, known,
                                    sizeof(known) - 1, in, in_len);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK
                                         : SSL_TLSEXT_ERR_NOACK;
}

static void make_certificate(Server *s) {
  const char *tmp = getenv("TMPDIR");
  char command[800], key[220];
  snprintf(s->folder, sizeof(s->folder), "%s/salon-server-XXXXXX",
           tmp != NULL && *tmp != '\0' ? tmp : "/tmp");
  must(mkdtemp(s->folder) != NULL, "mkdtemp");
  snprintf(key, sizeof(key), "%s/key.pem", s->folder);
  snprintf(s->ca, sizeof(s->ca), "%s/cert.pem", s->folder);
  snprintf(command, sizeof(command),
           "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
           "-nodes -days 2 -subj /CN=localhost -addext "
           "subjectAltName=IP:127.0.0.1 -keyout %s -out %s 2>/dev/null",
           key, s->ca);
  must(system(command) == 0, "openssl");
  s->tls = SSL_CTX_new(TLS_server_method());
  must(SSL_CTX_use_certificate_file(s->tls, s->ca, SSL_FILETYPE_PEM) == 1 &&
         SSL_CTX_use_PrivateKey_file(s->tls, key, SSL_FILETYPE_PEM) == 1,
       "certificate");
  SSL_CTX_set_alpn_select_cb(s->tls, choose_protocol, NULL);
  unlink(key);
}

static void remove_certificate(Server *s) {
  if (s->tls == NULL) return;
  SSL_CTX_free(s->tls);
  unlink(s->ca);
  rmdir(s->folder);
}

void server_cut(Server *s, long (*cut)(void *user)) { s->cut = cut; }

static Server *start(Server *s) {
  must(pthread_create(&s->thread, NULL, serve, s) == 0, "pthread_create");
  return s;
}

Server *server_start(Respond *respond, void *user) {
  return start(server_new(respond, user, -1));
}

Server *server_start_tls(Respond *respond, void *user) {
  Server *s = server_new(respond, user, -1);
  make_certificate(s);
  return start(s);
}

const char *server_ca(const Server *s) { return s->ca; }

void server_stop(Server *s) {
  pthread_mutex_lock(&s->lock);
  s->stopping = true;
  pthread_mutex_unlock(&s->lock);
  ask(s);
  pthread_join(s->thread, NULL);
  close(s->listen_fd);
  close(s->pipe[0]);
  close(s->pipe[1]);
  empty(&s->last);
  remove_certificate(s);
  free(s->conns);
  pthread_mutex_destroy(&s->lock);
  pthread_cond_destroy(&s->changed);
  free(s);
}

void server_serve(Respond *respond, void *user, int lifeline, bool tls,
                  void (*ready)(Server *s)) {
  Server *s = server_new(respond, user, lifeline);
  if (tls) make_certificate(s);
  ready(s);
  serve(s);
  remove_certificate(s);
}

int server_port(const Server *s) { return s->port; }

const char *server_url(const Server *s, const char *path) {
  static char buffers[8][300];
  static unsigned turn;
  char *b = buffers[turn++ % 8];
  snprintf(b, sizeof(*buffers), "%s://127.0.0.1:%d%s",
           s->tls != NULL ? "https" : "http", s->port, path);
  return b;
}

static int locked(Server *s, const int *n) {
  pthread_mutex_lock(&s->lock);
  int value = *n;
  pthread_mutex_unlock(&s->lock);
  return value;
}

int server_requests(Server *s) { return locked(s, &s->requests); }

int server_peak(Server *s) { return locked(s, &s->peak); }

char *server_last(Server *s) {
  pthread_mutex_lock(&s->lock);
  char *text = strndup(s->last.len > 0 ? s->last.data : "", s->last.len);
  pthread_mutex_unlock(&s->lock);
  return text;
}

void server_await(Server *s, int requests) {
  pthread_mutex_lock(&s->lock);
  while (s->requests < requests) pthread_cond_wait(&s->changed, &s->lock);
  pthread_mutex_unlock(&s->lock);
}

/* A connection of our own is accepted after those that came before it, and
** closed by the server: then nothing can be in the queue any more. */
void server_settle(Server *s) {
  struct sockaddr_in a = {.sin_family = AF_INET};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  a.sin_port = htons((uint16_t)s->port);
  must(connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0, "connect");
  shutdown(fd, SHUT_WR);
  char byte;
  while (recv(fd, &byte, 1, 0) > 0) continue;
  close(fd);
  pthread_mutex_lock(&s->lock);
  while (s->open > 0) pthread_cond_wait(&s->changed, &s->lock);
  pthread_mutex_unlock(&s->lock);
}

void server_release(Server *s, int n) {
  pthread_mutex_lock(&s->lock);
  s->to_release += n;
  pthread_mutex_unlock(&s->lock);
  ask(s);
}
