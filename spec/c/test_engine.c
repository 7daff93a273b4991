/* What the engine does with a call from submission to result: responses,
** repetitions, deadlines at every stage, ceilings, cancellation, its end. */

#include "calls.h"
#include "io/curlcompat.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/epoll.h>
#endif

/* ---- the server ---- */

static char in_1000_seconds[80];

static const struct {
  const char *lines;
  int64_t seconds;
} waits[] = {
  {"", -1},
  {"Retry-After:\r\n", -1},
  {"Retry-After: 0\r\n", 0},
  {"retry-after:\t007 \r\n", 7},
  {"Retry-After: 3600\r\n", 3600},
  {"Retry-After: 99999999999999999999999999\r\n", 1000000000},
  {"Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 0},
  {"Retry-After: Sunday, 06-Nov-94 08:49:37 GMT\r\n", 0},
  {"Retry-After: Sun Nov  6 08:49:37 1994\r\n", 0},
  {in_1000_seconds, 1000},
  {"Retry-After: soon\r\n", -1},
  {"Retry-After: -1\r\n", -1},
  {"Retry-After: 1e3\r\n", -1},
  {"Retry-After: 7s\r\n", -1},
  {"Retry-After: 7, 8\r\n", -1},
  {"Retry-After: 2026-12-22T04:00:30Z\r\n", -1},
  {"Retry-After: soon\r\nRetry-After: 9\r\n", 9},
};

/* The path says what happens; any other is answered with "ok". */
static const struct {
  const char *path;
  Response response;
} responses[] = {
  {"/hang", {"", 0, THEN_HANG}},
  {"/header-hang", {"HTTP/1.1 200 OK\r\nContent-Le", 0, THEN_HANG}},
  {"/body-hang",
   {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 0, THEN_HANG}},
  {"/cut", {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 0, THEN_CLOSE}},
  {"/chunks",
   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n",
    0, THEN_KEEP}},
  {"/interim",
   {"HTTP/1.1 103 Early Hints\r\nLink: <a>; rel=early\r\n\r\n"
    "HTTP/1.1 200 OK\r\nLink: <b>; rel=next\r\nLINK:  <c>; rel=last \r\n"
    "Content-Length: 0\r\n\r\n",
    0, THEN_KEEP}},
  {"/nothing", {"HTTP/1.1 204 No Content\r\n\r\n", 0, THEN_KEEP}},
  {"/redirect",
   {"HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n", 0,
    THEN_KEEP}},
  {"/conflict",
   {"HTTP/1.1 409 Conflict\r\nContent-Length: 5\r\n\r\nagain", 0, THEN_KEEP}},
  {"/garbage", {"no HTTP at all\r\n\r\n", 0, THEN_CLOSE}},
  {"/drip",
   {"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n"
    "......................................................abcdef",
    0, THEN_DRIP}},
  {"/busy",
   {"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", 0, THEN_KEEP}},
  {"/busy/asks",
   {"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n"
    "Content-Length: 4\r\n\r\nbusy",
    0, THEN_KEEP}},
  {"/busy/asks-too-much",
   {"HTTP/1.1 429 Too Many\r\nRetry-After: 3600\r\n"
    "Content-Length: 4\r\n\r\nbusy",
    0, THEN_KEEP}},
};

static Server *server;      /* of each test */
static atomic_int ready_at; /* number of the request at which "/busy" ends */

/* "/waits/N": a refusal with the header lines of a row. */
static Response refuse(int row) {
  static char bytes[512];
  snprintf(bytes, sizeof(bytes),
           "HTTP/1.1 503 Busy\r\n%sContent-Length: 0\r\n\r\n",
           waits[row].lines);
  return (Response){bytes, 0, THEN_KEEP};
}

static Response respond(void *user, int n, const char *path, const char *text) {
  (void)user, (void)text;
  if (strncmp(path, "/waits/", 7) == 0) return refuse(atoi(path + 7));
  if (strncmp(path, "/busy", 5) == 0 && n >= atomic_load(&ready_at))
    return OK_RESPONSE;
  for (size_t i = 0; i < COUNT(responses); i++)
    if (strcmp(path, responses[i].path) == 0) return responses[i].response;
  return OK_RESPONSE;
}

static int setup_server(void **state) {
  int failed = setup(state);
  atomic_store(&ready_at, 1 << 30);
  server = server_start(respond, NULL);
  return failed;
}

static int teardown_server(void **state) {
  server_stop(server);
  return teardown(state);
}

static const char *at(const char *path) { return server_url(server, path); }

/* `GET` and `POST`: may the caller make the same call again? */
static void assert_retryable(const char *url, bool get, bool post) {
  static const char *const methods[] = {"GET", "POST"};
  for (int i = 0; i < 2; i++) {
    salon_Exchange *x = call(methods[i], url, NULL);
    assert_int_equal(x->retryable, i == 0 ? get : post);
    end(x);
  }
}

static void assert_content(const salon_Exchange *x, const char *text) {
  assert_int_equal(x->content.len, strlen(text));
  assert_memory_equal(x->content.data, text, strlen(text));
}

static void assert_header(const salon_Exchange *x, size_t *at, const char *name,
                          const char *value) {
  size_t len;
  const char *found = salon_exchange_header(x, name, at, &len);
  if (value == NULL) {
    assert_null(found);
    return;
  }
  assert_non_null(found);
  assert_int_equal(len, strlen(value));
  assert_memory_equal(found, value, len);
}

static void ok(const salon_Exchange *x, int status) {
  if (x->kind != SALON_OK) fail_msg("%s: %s", x->url, x->message);
  assert_int_equal(x->status, status);
  assert_int_equal(x->outcome, SALON_DONE);
}

/* ---- what goes out and comes back ---- */

static void a_get_brings_status_headers_and_body(void **state) {
  (void)state;
  salon_Exchange *x = call("GET", at("/"), NULL);
  size_t at = 0;
  ok(x, 200);
  assert_content(x, "ok");
  assert_header(x, &at, "content-length", "2");
  assert_header(x, &at, "content-length", NULL);
  assert_int_equal(x->attempts, 1);
  end(x);
}

static void a_body_is_sent_with_its_exact_length(void **state) {
  (void)state;
  end(call("POST", at("/"), "hello"));
  char *text = server_last(server);
  assert_non_null(strstr(text, "POST / HTTP/1.1\r\n"));
  assert_non_null(strstr(text, "Content-Length: 5\r\n"));
  assert_null(strstr(text, "chunked"));
  assert_string_equal(strstr(text, "\r\n\r\n") + 4, "hello");
  free(text);
  end(call("PUT", at("/"), "hi"));
  text = server_last(server);
  assert_non_null(strstr(text, "PUT / HTTP/1.1\r\n"));
  assert_non_null(strstr(text, "Content-Length: 2\r\n"));
  free(text);
}

static void an_empty_body_is_sent_as_length_0(void **state) {
  (void)state;
  end(call("POST", at("/"), ""));
  char *text = server_last(server);
  assert_non_null(strstr(text, "Content-Length: 0\r\n"));
  free(text);
}

/* The handles are pooled: nothing of a call may show in the next. */
static void a_get_after_a_post_has_no_body(void **state) {
  (void)state;
  end(call("POST", at("/"), "hello"));
  end(call("DELETE", at("/"), NULL));
  char *text = server_last(server);
  assert_non_null(strstr(text, "DELETE / HTTP/1.1\r\n"));
  assert_null(strstr(text, "Content-Length"));
  free(text);
  end(call("GET", at("/"), NULL));
  text = server_last(server);
  assert_non_null(strstr(text, "GET / HTTP/1.1\r\n"));
  assert_null(strstr(text, "Content-"));
  free(text);
}

static void
headers_of_an_interim_response_are_not_those_of_the_final_one(void **state) {
  (void)state;
  salon_Exchange *x = call("GET", at("/interim"), NULL);
  size_t at = 0;
  ok(x, 200);
  assert_header(x, &at, "Link", "<b>; rel=next");
  assert_header(x, &at, "Link", "<c>; rel=last");
  assert_header(x, &at, "Link", NULL);
  end(x);
}

static void a_response_without_a_body_is_a_success(void **state) {
  (void)state;
  salon_Exchange *x = call("DELETE", at("/nothing"), NULL);
  ok(x, 204);
  assert_int_equal(x->content.len, 0);
  end(x);
}

static void a_redirect_is_not_followed(void **state) {
  (void)state;
  salon_Exchange *x = call("POST", at("/redirect"), "{}");
  ok(x, 302);
  assert_int_equal(server_requests(server), 1);
  end(x);
}

static void plain_http2_serves_one_call_after_the_other(void **state) {
  (void)state;
  config->http_version = SALON_HTTP_2;
  for (int i = 0; i < 3; i++) assert_answers(at("/"));
  assert_int_equal(server_requests(server), 3);
}

static void over_tls_the_server_must_be_the_right_one(void **state) {
  (void)state;
  Server *s = server_start_tls(respond, NULL);
  salon_Exchange *x = call("GET", server_url(s, "/"), NULL);
  assert_failed(x, SALON_TLS, SALON_UNSENT, 1);
  end(x);
  salon_config_unref(config);
  config = salon_config_new();
  config->ca_file = strdup(server_ca(s));
  assert_answers(server_url(s, "/"));
  char url[100]; /* its certificate is for 127.0.0.1 */
  snprintf(url, sizeof(url), "https://localhost:%d/", server_port(s));
  x = call("GET", url, NULL);
  assert_failed(x, SALON_TLS, SALON_UNSENT, 1);
  end(x);
  server_stop(s);
}

/* ---- repetitions ---- */

static void a_get_is_repeated_until_the_server_can(void **state) {
  (void)state;
  atomic_store(&ready_at, 3);
  salon_Exchange *x = call("GET", at("/busy"), NULL);
  ok(x, 200);
  assert_int_equal(x->attempts, 3);
  assert_content(x, "ok");
  end(x);
}

static void
the_last_response_is_the_result_when_the_tries_are_used_up(void **state) {
  (void)state;
  salon_Exchange *x = call("GET", at("/busy"), NULL);
  ok(x, 503);
  assert_int_equal(x->attempts, 4);
  assert_int_equal(server_requests(server), 4);
  assert_content(x, "busy");
  end(x);
}

static void a_post_is_not_repeated_after_a_response(void **state) {
  (void)state;
  salon_Exchange *x = call("POST", at("/busy"), "{}");
  ok(x, 503);
  assert_int_equal(server_requests(server), 1);
  end(x);
}

static void retry_after_is_waited_for(void **state) {
  (void)state;
  atomic_store(&ready_at, 2);
  double start = salon_now();
  salon_Exchange *x = call("GET", at("/busy/asks"), NULL);
  ok(x, 200);
  assert_true(salon_now() - start >= 1);
  end(x);
}

static void a_retry_after_above_the_ceiling_ends_the_call(void **state) {
  (void)state;
  atomic_store(&ready_at, 2);
  salon_Exchange *x = call("GET", at("/busy/asks-too-much"), NULL);
  ok(x, 429);
  assert_int_equal(x->attempts, 1);
  end(x);
}

static void retry_after_is_read_as_seconds_and_as_a_date(void **state) {
  (void)state;
  time_t later = time(NULL) + 1000;
  strftime(in_1000_seconds, sizeof(in_1000_seconds),
           "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime(&later));
  config->retry.max_tries = 1;
  for (size_t i = 0; i < COUNT(waits); i++) {
    char path[16];
    snprintf(path, sizeof(path), "/waits/%zu", i);
    salon_Exchange *x = call("GET", at(path), NULL);
    int64_t wanted = waits[i].seconds, got = x->retry_after;
    int64_t tolerance = wanted == 1000 ? (int64_t)(10 * slower()) : 0;
    ok(x, 503);
    if (got > wanted || got < wanted - tolerance)
      fail_msg("%s: %lld s", waits[i].lines, (long long)got);
    end(x);
  }
}

static void a_call_may_ask_for_one_status_to_be_repeated(void **state) {
  (void)state;
  const char *const prefixes[] = {"aga", "other"};
  for (int i = 0; i < 2; i++) {
    int before = server_requests(server);
    salon_Exchange *x = make("POST", at("/conflict"), "{}");
    x->deadline = salon_now() + 10;
    x->plan.repeat_status = 409;
    x->plan.repeat_max = 2;
    x->repeat_prefix = strdup(prefixes[i]);
    assert_true(salon_engine_submit(x, mailbox));
    ok(finish(x), 409);
    assert_int_equal(server_requests(server) - before, i == 0 ? 3 : 1);
    end(x);
  }
}

static int unused_port(void) {
  Server *s = server_start(respond, NULL);
  int port = server_port(s);
  server_stop(s);
  return port;
}

static void a_refused_connection_is_tried_again_also_for_a_post(void **state) {
  (void)state;
  char url[64];
  snprintf(url, sizeof(url), "http://127.0.0.1:%d/", unused_port());
  salon_Exchange *x = call("POST", url, "{}");
  assert_failed(x, SALON_NETWORK, SALON_UNSENT, 4);
  end(x);
}

static void a_broken_response_is_a_network_failure(void **state) {
  (void)state;
  config->retry.max_tries = 1;
  salon_Exchange *x = call("GET", at("/cut"), NULL);
  assert_failed(x, SALON_NETWORK, SALON_DONE, 1);
  assert_int_equal(x->status, 200);
  assert_says(x, "cut short");
  end(x);
  x = call("GET", at("/garbage"), NULL);
  assert_failed(x, SALON_NETWORK, SALON_UNKNOWN, 1);
  end(x);
}

static void the_result_says_whether_the_caller_may_repeat_it(void **state) {
  (void)state;
  char refused[64];
  snprintf(refused, sizeof(refused), "http://127.0.0.1:%d/", unused_port());
  config->retry.max_tries = 1;
  assert_retryable(at("/"), false, false);
  assert_retryable(at("/conflict"), false, false);
  assert_retryable(at("/busy"), true, false);
  assert_retryable(at("/busy/asks-too-much"), true, true); /* 429 */
  assert_retryable(at("/cut"), true, false);
  assert_retryable(refused, true, true);
  config->max_body = 1;
  assert_retryable(at("/"), false, false); /* comes too long again */
}

/* ---- deadlines ---- */

static void late(const char *url, const char *words, salon_Outcome outcome) {
  double seconds = 1 + 0.2 * slower(), start = salon_now();
  salon_Exchange *x = finish(begin("GET", url, NULL, seconds));
  double took = salon_now() - start;
  assert_true(took >= seconds && took < seconds + 10);
  assert_failed(x, SALON_TIMEOUT, outcome, 1);
  assert_says(x, words);
  end(x);
}

/* A listener whose queue is full: what comes now is not answered. */
typedef struct Silent {
  int fds[3];
  char url[64];
} Silent;

static void silent_open(Silent *s) {
  struct sockaddr_in a = {.sin_family = AF_INET};
  socklen_t len = sizeof(a);
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < 3; i++)
    s->fds[i] = socket(AF_INET, SOCK_STREAM | (i > 0 ? SOCK_NONBLOCK : 0), 0);
  assert_int_equal(bind(s->fds[0], (struct sockaddr *)&a, sizeof(a)), 0);
  assert_int_equal(listen(s->fds[0], 0), 0);
  getsockname(s->fds[0], (struct sockaddr *)&a, &len);
  for (int i = 1; i < 3; i++)
    (void)connect(s->fds[i], (struct sockaddr *)&a, sizeof(a));
  snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d/", ntohs(a.sin_port));
}

static void silent_close(Silent *s) {
  for (int i = 0; i < 3; i++) close(s->fds[i]);
}

static void the_deadline_holds_while_connecting(void **state) {
  (void)state;
  Silent s;
  silent_open(&s);
  late(s.url, "while connecting", SALON_UNSENT);
  silent_close(&s);
}

/* libcurl takes a limit of 0 ms for its own of 300 s. */
static void a_connect_timeout_below_a_millisecond_is_one(void **state) {
  (void)state;
  Silent s;
  silent_open(&s);
  config->connect_timeout = 0.0005;
  config->retry.max_tries = 1;
  salon_Exchange *x = finish(begin("GET", s.url, NULL, 60));
  assert_failed(x, SALON_TIMEOUT, SALON_UNSENT, 1);
  assert_null(strstr(x->message, "timed out while")); /* not the deadline's */
  end(x);
  silent_close(&s);
}

static void the_deadline_holds_during_the_handshake(void **state) {
  (void)state;
  char url[64]; /* of a server that waits for a request all the while */
  snprintf(url, sizeof(url), "https://127.0.0.1:%d/", server_port(server));
  late(url, "TLS handshake", SALON_UNSENT);
}

static void the_deadline_holds_before_and_within_the_response(void **state) {
  (void)state;
  late(at("/hang"), "before the response began", SALON_UNKNOWN);
  late(at("/header-hang"), "the response", SALON_DONE);
  late(at("/body-hang"), "in the middle of the response", SALON_DONE);
}

static void the_deadline_covers_all_tries(void **state) {
  (void)state;
  config->retry.max_tries = 1000000;
  config->retry.base = config->retry.cap = 0.01;
  double start = salon_now();
  salon_Exchange *x = finish(begin("GET", at("/busy"), NULL, 0.2));
  assert_true(salon_now() - start < 10 * slower());
  assert_true(x->attempts > 1);
  if (x->kind == SALON_OK) /* no time for another pause */
    ok(x, 503);
  else
    assert_string_equal(salon_kind_name(x->kind), "timeout");
  end(x);
}

static void what_waits_for_a_slot_waits_on_its_own_deadline(void **state) {
  (void)state;
  config->max_per_origin = 1;
  salon_Exchange *first = begin("GET", at("/hang"), NULL, 30);
  server_await(server, 1);
  salon_Exchange *x = finish(begin("GET", at("/"), NULL, 0.1));
  assert_failed(x, SALON_TIMEOUT, SALON_UNSENT, 0);
  assert_says(x, "while waiting for its turn");
  end(x);
  server_release(server, 1);
  ok(finish(first), 200);
  end(first);
}

/* ---- ceilings ---- */

static void no_more_than_the_ceiling_run_at_one_origin(void **state) {
  (void)state;
  enum { CALLS = 7 };
  salon_Exchange *x[CALLS];
  Server *other = server_start(respond, NULL);
  config->max_per_origin = 2;
  for (int i = 0; i < CALLS; i++) x[i] = begin("GET", at("/hang"), NULL, 30);
  server_await(server, 2);
  assert_answers(server_url(other, "/")); /* another origin is free */
  server_release(server, 1);
  server_await(server, 3);
  for (int i = 3; i <= CALLS; i++) {
    server_await(server, i);
    server_release(server, 1);
  }
  server_release(server, CALLS);
  for (int i = 0; i < CALLS; i++) {
    ok(finish(x[i]), 200);
    end(x[i]);
  }
  assert_int_equal(server_peak(server), 2);
  server_stop(other);
}

/* One slot in all: the origin with one waiting call does not stand behind all
** those of the other. */
static void slots_go_round_the_origins(void **state) {
  (void)state;
  Server *other = server_start(respond, NULL);
  config->max_in_flight = 1;
  salon_Exchange *first = begin("GET", at("/hang"), NULL, 30);
  salon_mailbox_want(mailbox, first);
  server_await(server, 1);
  salon_Exchange *x[4];
  for (int i = 0; i < 3; i++) x[i] = begin("GET", at("/"), NULL, 30);
  x[3] = begin("GET", server_url(other, "/"), NULL, 30);
  for (int i = 0; i < 4; i++) salon_mailbox_want(mailbox, x[i]);
  server_release(server, 1);
  for (int i = 0; i < 4; i++) finish(x[i]);
  finish(first);
  const uint64_t order[] = {first->id, x[0]->id, x[3]->id, x[1]->id, x[2]->id};
  for (int i = 0; i < 5; i++)
    assert_int_equal(salon_mailbox_take(mailbox), order[i]);
  for (int i = 0; i < 4; i++) end(x[i]);
  end(first);
  server_stop(other);
}

static void a_silent_server_is_given_up_on(void **state) {
  (void)state;
  config->silence_timeout = 0.2;
  config->retry.max_tries = 2;
  double before = salon_now();
  salon_Exchange *x = call("GET", at("/body-hang"), NULL);
  assert_failed(x, SALON_TIMEOUT, SALON_DONE, 2);
  assert_says(x, "the response stalled for 0.2 s");
  assert_true(salon_now() - before < 10); /* not the call's own 30 s */
  end(x);
  x = call("POST", at("/hang"), "hello");
  assert_failed(x, SALON_TIMEOUT, SALON_UNKNOWN, 1);
  assert_says(x, "the server was silent for 0.2 s (silence_timeout)");
  end(x);
}

static void a_slow_server_is_not_a_silent_one(void **state) {
  (void)state;
  /* three seconds for 20 bytes, a line of the header; 98 bytes take five */
  config->silence_timeout = 3;
  salon_Exchange *x = finish(begin("GET", at("/drip"), NULL, 60));
  ok(x, 200);
  end(x);
}

static void calls_keep_to_the_rate(void **state) {
  (void)state;
  config->max_rate = 50;
  double before = salon_now();
  salon_Exchange *x[11];
  for (int i = 0; i < 11; i++) x[i] = begin("GET", at("/"), NULL, 30);
  for (int i = 0; i < 11; i++) ok(finish(x[i]), 200), end(x[i]);
  double seconds = salon_now() - before;
  assert_true(seconds >= 0.199 && seconds < 10);
}

static void an_outage_uses_up_the_budget_for_repeats(void **state) {
  (void)state;
  int tries = 0;
  config->retry_reserve = 5;
  for (int i = 0; i < 20; i++) {
    salon_Exchange *x = call("GET", at("/busy"), NULL);
    ok(x, 503);
    tries += x->attempts;
    end(x);
  }
  assert_true(tries <= 20 + 5 + 20 / 5 + 10);
  assert_true(tries >= 20 + 5 + 20 / 5);
  assert_int_equal(server_requests(server), tries);
}

static void too_long_a_body_is_a_limit(void **state) {
  (void)state;
  const char *const paths[] = {"/", "/chunks"};
  config->max_body = 16;
  assert_answers(at("/chunks")); /* just what is allowed */
  for (int i = 0; i < 2; i++) {
    config->max_body = i == 0 ? 1 : 15;
    salon_Exchange *x = call("GET", at(paths[i]), NULL);
    assert_failed(x, SALON_LIMIT, SALON_DONE, 1);
    assert_says(x, i == 0 ? "body is longer than 1 bytes" : "15 bytes");
    end(x);
  }
}

static void too_long_a_url_is_a_limit_that_does_not_pass(void **state) {
  (void)state;
  enum { LONG = 9000000 };
  char *url = malloc(LONG + 1);
  assert_non_null(url);
  memset(url, 'x', LONG);
  url[LONG] = '\0';
  const char *start = at("/");
  memcpy(url, start, strlen(start));
  salon_Exchange *x = call("GET", url, NULL);
  assert_failed(x, SALON_LIMIT, SALON_UNSENT, 1);
  assert_says(x, "the URL is too long for libcurl");
  assert_false(x->retryable);
  end(x);
  free(url);
}

static void too_long_a_header_is_a_limit(void **state) {
  (void)state;
  config->max_header = 20;
  salon_Exchange *x = call("GET", at("/"), NULL);
  assert_failed(x, SALON_LIMIT, SALON_DONE, 1);
  assert_says(x, "header is longer than 20 bytes");
  end(x);
}

/* ---- a socket that the system cannot watch ---- */

#if defined(__linux__) && !defined(SALON_USE_POLL)
static atomic_bool no_more_watches; /* epoll takes no new descriptor */

int __real_epoll_ctl(int epoll_fd, int op, int fd, struct epoll_event *ev);
int __wrap_epoll_ctl(int epoll_fd, int op, int fd, struct epoll_event *ev);

/* In place of the poller's (Makefile). */
int __wrap_epoll_ctl(int epoll_fd, int op, int fd, struct epoll_event *ev) {
  if (op != EPOLL_CTL_ADD || !atomic_load(&no_more_watches))
    return __real_epoll_ctl(epoll_fd, op, fd, ev);
  errno = ENOSPC; /* as of /proc/sys/fs/epoll/max_user_watches */
  return -1;
}

static void a_socket_that_cannot_be_watched_ends_its_own_call(void **state) {
  (void)state;
  Server *other = server_start(respond, NULL);
  salon_Exchange *under_way = begin("POST", at("/hang"), "{}", 30);
  server_await(server, 1);
  atomic_store(&no_more_watches, true);
  salon_Exchange *x = call("POST", server_url(other, "/"), "{}");
  atomic_store(&no_more_watches, false);
  assert_failed(x, SALON_LIMIT, SALON_UNSENT, 1);
  assert_says(x, "No space left on device");
  assert_true(x->retryable);
  end(x);
  assert_answers(server_url(other, "/"));
  server_release(server, 1);
  ok(finish(under_way), 200);
  end(under_way);
  server_stop(other);
}
#endif

/* ---- cancellation ---- */

static void a_call_is_cancelled_while_it_waits_for_a_slot(void **state) {
  (void)state;
  config->max_per_origin = 1;
  salon_Exchange *first = begin("GET", at("/hang"), NULL, 30);
  server_await(server, 1);
  salon_Exchange *x = begin("GET", at("/"), NULL, 30);
  salon_engine_cancel(x);
  assert_failed(finish(x), SALON_CANCELLED, SALON_UNSENT, 0);
  end(x);
  salon_engine_cancel(first);
  assert_failed(finish(first), SALON_CANCELLED, SALON_UNKNOWN, 1);
  end(first);
  assert_answers(at("/")); /* both slots came back */
  assert_int_equal(server_requests(server), 2);
}

static void a_call_is_cancelled_in_the_middle_of_its_response(void **state) {
  (void)state;
  salon_Exchange *x = begin("GET", at("/body-hang"), NULL, 30);
  server_await(server, 1);
  salon_engine_cancel(x);
  assert_string_equal(salon_kind_name(finish(x)->kind), "cancelled");
  assert_true(x->outcome != SALON_UNSENT);
  end(x);
  assert_answers(at("/"));
}

static void a_call_is_cancelled_between_two_tries(void **state) {
  (void)state;
  atomic_store(&ready_at, 2);
  config->max_per_origin = 1;
  salon_Exchange *x = begin("GET", at("/busy/asks"), NULL, 30);
  assert_answers(at("/")); /* has its slot: it pauses */
  double start = salon_now();
  salon_engine_cancel(x);
  assert_string_equal(salon_kind_name(finish(x)->kind), "cancelled");
  assert_failed(x, SALON_CANCELLED, SALON_DONE, 1); /* there was a response */
  assert_true(salon_now() - start < 0.9);
  end(x);
}

/* More than one batch, and the one that is cancelled comes last. */
static void a_call_is_cancelled_however_many_are_before_it(void **state) {
  (void)state;
  salon_Exchange *many[100];
  config->max_per_origin = 1;
  for (int i = 0; i < 100; i++) many[i] = begin("GET", at("/hang"), NULL, 30);
  salon_engine_cancel(many[99]);
  assert_failed(finish(many[99]), SALON_CANCELLED, SALON_UNSENT, 0);
  for (int i = 0; i < 99; i++) salon_engine_cancel(many[i]);
  for (int i = 0; i < 99; i++)
    assert_string_equal(salon_kind_name(finish(many[i])->kind), "cancelled");
  for (int i = 0; i < 100; i++) end(many[i]);
}

static void cancelling_a_finished_call_changes_nothing(void **state) {
  (void)state;
  salon_Exchange *x = call("GET", at("/"), NULL);
  salon_engine_cancel(x);
  salon_engine_cancel(x);
  assert_answers(at("/"));
  ok(x, 200);
  end(x);
}

static void a_call_may_be_cancelled_at_once_and_given_up(void **state) {
  (void)state;
  for (int i = 0; i < 200; i++) {
    salon_Exchange *x = begin("GET", at("/hang"), NULL, 30);
    salon_engine_cancel(x);
    end(x);
  }
  assert_answers(at("/"));
  assert_int_equal(atomic_load(&mailbox->in_flight), 0);
}

/* ---- the engine's own life ---- */

static bool no_curl;

CURLcode __real_curl_global_init(long flags);
CURLcode __wrap_curl_global_init(long flags);

/* In place of libcurl's (Makefile). */
CURLcode __wrap_curl_global_init(long flags) {
  return no_curl ? CURLE_OUT_OF_MEMORY : __real_curl_global_init(flags);
}

/* The first test: a process initialises libcurl once. */
static void without_libcurl_there_are_no_calls(void **state) {
  (void)state;
  pid_t pid = fork();
  if (pid == 0) {
    no_curl = true;
    salon_Exchange *x = make("GET", "http://127.0.0.1:1/", NULL);
    bool refused = !salon_engine_submit(x, mailbox) && errno == ENOMEM;
    salon_exchange_unref(x);
    _exit(!refused);
  }
  int status = -1;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
}

static void stopping_cancels_what_is_under_way(void **state) {
  (void)state;
  enum { CALLS = 100 };
  salon_Exchange *x[CALLS];
  for (int i = 0; i < CALLS; i++) x[i] = begin("GET", at("/hang"), NULL, 30);
  server_await(server, CALLS);
  double start = salon_now();
  salon_engine_stop();
  assert_true(salon_now() - start < 10); /* not their 30 s */
  for (int i = 0; i < CALLS; i++) {
    assert_true(salon_exchange_finished(x[i]));
    assert_failed(x[i], SALON_CANCELLED, SALON_UNKNOWN, 1);
    end(x[i]);
  }
  assert_int_equal(atomic_load(&mailbox->in_flight), 0);
  server_settle(server);
}

static double cpu_seconds(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

/* Looking for each among all that wait took ten times as long, in CPU time; 3
** is for noise. */
static void
cancelling_many_that_wait_costs_no_more_than_making_them(void **state) {
  (void)state;
  enum { CALLS = 20000 };
  salon_Exchange **x = calloc(CALLS, sizeof(*x));
  config->max_per_origin = 1;
  double start = cpu_seconds();
  for (int i = 0; i < CALLS; i++) x[i] = begin("GET", at("/hang"), NULL, 300);
  double made = cpu_seconds();
  salon_engine_stop();
  double cancelled = cpu_seconds();
  assert_true(cancelled - made < 3 * (made - start));
  for (int i = 0; i < CALLS; i++) end(x[i]);
  free(x);
}

static void the_next_call_starts_the_engine_again(void **state) {
  (void)state;
  for (int i = 0; i < 5; i++) {
    assert_answers(at("/"));
    salon_engine_stop();
    salon_engine_stop(); /* twice does no harm */
  }
}

static void the_last_state_to_leave_stops_it(void **state) {
  (void)state;
  salon_engine_enter();
  salon_Exchange *x = begin("GET", at("/hang"), NULL, 30);
  server_await(server, 1);
  salon_engine_leave();
  assert_answers(at("/"));
  assert_false(salon_exchange_finished(x));
  salon_engine_enter();
  salon_engine_leave();
  salon_engine_cancel(x);
  end(finish(x));
}

/* ---- many threads ---- */

typedef struct Caller {
  salon_Mailbox *mailbox;
  unsigned seed;
  int wrong;
} Caller;

static salon_Exchange *send_one(Caller *c, const char *path) {
  char url[64]; /* what `at` returns is for one thread */
  snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", server_port(server),
           path);
  salon_Exchange *x = make("GET", url, NULL);
  x->deadline = salon_now() + 20;
  if (!salon_engine_submit(x, c->mailbox)) c->wrong++;
  return x;
}

static void *call_and_cancel(void *user) {
  Caller *c = user;
  for (int i = 0; i < 100; i++) {
    salon_Exchange *a = send_one(c, "/"), *b = send_one(c, "/hang");
    if (rand_r(&c->seed) % 2) salon_engine_cancel(b);
    if (!salon_mailbox_wait(c->mailbox, a, 20) || a->kind != SALON_OK)
      c->wrong++;
    salon_engine_cancel(b);
    if (!salon_mailbox_wait(c->mailbox, b, 20)) c->wrong++;
    if (b->kind != SALON_CANCELLED) c->wrong++;
    salon_exchange_unref(a);
    salon_exchange_unref(b);
  }
  return NULL;
}

static void four_threads_call_and_cancel_without_mixing_up(void **state) {
  (void)state;
  enum { THREADS = 4 };
  Caller c[THREADS];
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    c[i] = (Caller){salon_mailbox_new(), (unsigned)i + 1, 0};
    pthread_create(&threads[i], NULL, call_and_cancel, &c[i]);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    assert_int_equal(c[i].wrong, 0);
    assert_int_equal(atomic_load(&c[i].mailbox->in_flight), 0);
    salon_mailbox_unref(c[i].mailbox);
  }
}

#define SERVED(name)                                                           \
  cmocka_unit_test_setup_teardown(name, setup_server, teardown_server)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(without_libcurl_there_are_no_calls),
    SERVED(a_get_brings_status_headers_and_body),
    SERVED(a_body_is_sent_with_its_exact_length),
    SERVED(an_empty_body_is_sent_as_length_0),
    SERVED(a_get_after_a_post_has_no_body),
    SERVED(headers_of_an_interim_response_are_not_those_of_the_final_one),
    SERVED(a_response_without_a_body_is_a_success),
    SERVED(a_redirect_is_not_followed),
    SERVED(plain_http2_serves_one_call_after_the_other),
    SERVED(over_tls_the_server_must_be_the_right_one),
    SERVED(a_get_is_repeated_until_the_server_can),
    SERVED(the_last_response_is_the_result_when_the_tries_are_used_up),
    SERVED(a_post_is_not_repeated_after_a_response),
    SERVED(retry_after_is_waited_for),
    SERVED(a_retry_after_above_the_ceiling_ends_the_call),
    SERVED(retry_after_is_read_as_seconds_and_as_a_date),
    SERVED(a_call_may_ask_for_one_status_to_be_repeated),
    SERVED(a_refused_connection_is_tried_again_also_for_a_post),
    SERVED(a_broken_response_is_a_network_failure),
    SERVED(the_result_says_whether_the_caller_may_repeat_it),
    SERVED(the_deadline_holds_while_connecting),
    SERVED(a_connect_timeout_below_a_millisecond_is_one),
    SERVED(the_deadline_holds_during_the_handshake),
    SERVED(the_deadline_holds_before_and_within_the_response),
    SERVED(the_deadline_covers_all_tries),
    SERVED(what_waits_for_a_slot_waits_on_its_own_deadline),
    SERVED(no_more_than_the_ceiling_run_at_one_origin),
    SERVED(slots_go_round_the_origins),
    SERVED(a_silent_server_is_given_up_on),
    SERVED(a_slow_server_is_not_a_silent_one),
    SERVED(calls_keep_to_the_rate),
    SERVED(an_outage_uses_up_the_budget_for_repeats),
    SERVED(too_long_a_body_is_a_limit),
    SERVED(too_long_a_header_is_a_limit),
    SERVED(too_long_a_url_is_a_limit_that_does_not_pass),
#if defined(__linux__) && !defined(SALON_USE_POLL)
    SERVED(a_socket_that_cannot_be_watched_ends_its_own_call),
#endif
    SERVED(a_call_is_cancelled_while_it_waits_for_a_slot),
    SERVED(a_call_is_cancelled_in_the_middle_of_its_response),
    SERVED(a_call_is_cancelled_between_two_tries),
    SERVED(a_call_is_cancelled_however_many_are_before_it),
    SERVED(cancelling_a_finished_call_changes_nothing),
    SERVED(a_call_may_be_cancelled_at_once_and_given_up),
    SERVED(stopping_cancels_what_is_under_way),
    SERVED(cancelling_many_that_wait_costs_no_more_than_making_them),
    SERVED(the_next_call_starts_the_engine_again),
    SERVED(the_last_state_to_leave_stops_it),
    SERVED(four_threads_call_and_cancel_without_mixing_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
