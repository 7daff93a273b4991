/* A raw server for tests: one thread that speaks HTTP/1.1 and, when a client
** opens with its preface, just enough HTTP/2; plain or over TLS. It counts the
** requests that arrived whole, answers with bytes it is given, and then does
** what a decent server would not. */

#ifndef SALON_SPEC_SERVER_H
#define SALON_SPEC_SERVER_H

#include <stdbool.h>
#include <stddef.h>

typedef enum Then {
  THEN_KEEP, /* the connection stays open */
  THEN_CLOSE,
  THEN_RESET,
  THEN_HANG,    /* nothing more comes, unless server_release says so */
  THEN_DRIP,    /* the bytes go out one by one, 20 a second, then it closes */
  THEN_TRICKLE, /* the same at one byte a second */
  THEN_REFUSE,  /* HTTP/2: RST_STREAM with REFUSED_STREAM */
  THEN_BREAK,   /* HTTP/2: RST_STREAM with INTERNAL_ERROR */
  THEN_GOAWAY   /* HTTP/2: GOAWAY that does not cover the request, then close */
} Then;

typedef struct Response {
  const char *bytes; /* as they go on the wire; HTTP/2: 200, and their body */
  size_t len;        /* 0: the bytes end at the first NUL */
  Then then;
} Response;

/* What to send for request `n` (1 is the first) for `path`, which is "" over
** HTTP/2. `text` is the whole request. Called on the server's thread. */
typedef Response Respond(void *user, int n, const char *path, const char *text);

typedef struct Server Server;

Server *server_start(Respond *respond, void *user);
Server *server_start_tls(Respond *respond, void *user);
void server_stop(Server *s);
const char *server_ca(const Server *s); /* file with its own certificate */
int server_port(const Server *s);

/* Address and path, "http://127.0.0.1:80/a", in buffers that take turns. */
const char *server_url(const Server *s, const char *path);

int server_requests(Server *s); /* whole ones, so far */
int server_peak(Server *s);     /* requests that hung at the same time */
char *server_last(Server *s);   /* the last request, to be freed */

void server_await(Server *s, int requests); /* until so many have arrived */
void server_settle(Server *s);              /* until no connection is open */
void server_release(Server *s, int n); /* answers n hanging requests, or all */

/* For a program of its own: serves on this thread until nobody reads what is
** written to `lifeline`. `ready` is called once it can be asked. */
void server_serve(Respond *respond, void *user, int lifeline, bool tls,
                  void (*ready)(Server *s));

/* `cut` is asked whenever a connection's next request begins: after how many
** bytes of it and of its response the connection closes; < 0 = after none.
** HTTP/1.1 without TLS. */
void server_cut(Server *s, long (*cut)(void *user));

#define OK_RESPONSE                                                            \
  ((Response){"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 0, THEN_KEEP})

#endif
