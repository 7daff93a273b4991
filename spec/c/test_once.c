/* Sent once means once: libcurl repeats a request by itself when a reused
** connection dies before the first byte of a response, POST included. Ours
** arrive exactly once, whatever the server does to the connection. */

#include "calls.h"

/* The first request warms the connection up; to all others this happens. */
typedef struct Fate {
  Then then;
} Fate;

static Response respond(void *user, int n, const char *path, const char *text) {
  const Fate *fate = user;
  (void)path, (void)text;
  if (n == 1) return OK_RESPONSE;
  return (Response){"", 0, fate->then};
}

static void arrives_once(Server *s, const char *body) {
  assert_answers(server_url(s, "/warm"));
  salon_Exchange *x = call("POST", server_url(s, "/rooms"), body);
  salon_engine_stop();
  server_settle(s);
  int requests = server_requests(s) - 1;
  server_stop(s);
  assert_int_equal(requests, 1);
  assert_failed(x, SALON_NETWORK, SALON_UNKNOWN, 1);
  end(x);
}

static void over_http1(Then then, const char *body) {
  Fate fate = {then};
  config->http_version = SALON_HTTP_1_1;
  arrives_once(server_start(respond, &fate), body);
}

/* Over TLS, as libcurl 7.88 cannot reuse a plain HTTP/2 connection. */
static void over_http2(Then then, const char *body) {
  Fate fate = {then};
  Server *s = server_start_tls(respond, &fate);
  config->http_version = SALON_HTTP_2;
  free(config->ca_file);
  config->ca_file = strdup(server_ca(s));
  arrives_once(s, body);
}

static void a_post_arrives_once_when_the_server_closes(void **state) {
  (void)state;
  over_http1(THEN_CLOSE, "{}");
}

static void a_post_arrives_once_when_the_server_resets(void **state) {
  (void)state;
  over_http1(THEN_RESET, "{}");
}

static void an_empty_post_arrives_once_when_the_server_closes(void **state) {
  (void)state;
  over_http1(THEN_CLOSE, "");
}

static void an_empty_post_arrives_once_when_the_server_resets(void **state) {
  (void)state;
  over_http1(THEN_RESET, "");
}

static void over_http2_a_post_arrives_once_after_a_close(void **state) {
  (void)state;
  over_http2(THEN_CLOSE, "{}");
  over_http2(THEN_CLOSE, "");
}

static void over_http2_a_post_arrives_once_after_a_reset(void **state) {
  (void)state;
  over_http2(THEN_RESET, "{}");
  over_http2(THEN_RESET, "");
}

static void over_http2_a_post_arrives_once_after_refused_stream(void **state) {
  (void)state;
  over_http2(THEN_REFUSE, "{}");
  over_http2(THEN_REFUSE, "");
}

static void over_http2_a_post_arrives_once_after_goaway(void **state) {
  (void)state;
  over_http2(THEN_GOAWAY, "{}");
  over_http2(THEN_GOAWAY, "");
}

/* Repetition is retry's business, not libcurl's. */
static void a_delete_is_repeated_by_the_plan_alone(void **state) {
  (void)state;
  Fate fate = {THEN_CLOSE};
  Server *s = server_start(respond, &fate);
  config->retry.max_tries = 3;
  assert_answers(server_url(s, "/warm"));
  salon_Exchange *x = call("DELETE", server_url(s, "/room"), NULL);
  salon_engine_stop();
  server_settle(s);
  assert_int_equal(server_requests(s) - 1, 3);
  server_stop(s);
  assert_failed(x, SALON_NETWORK, SALON_UNKNOWN, 3);
  end(x);
}

/* The server is gone before the request starts: nothing may be lost then. */
static void a_post_after_an_idle_close_uses_a_new_connection(void **state) {
  (void)state;
  Fate fate = {THEN_CLOSE};
  Server *first = server_start(respond, &fate);
  assert_answers(server_url(first, "/warm"));
  salon_Exchange *x = call("DELETE", server_url(first, "/cold"), NULL);
  end(x);
  x = call("POST", server_url(first, "/rooms"), "{}");
  assert_failed(x, SALON_NETWORK, SALON_UNKNOWN, 1);
  end(x);
  server_stop(first);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(a_post_arrives_once_when_the_server_closes),
    TEST(a_post_arrives_once_when_the_server_resets),
    TEST(an_empty_post_arrives_once_when_the_server_closes),
    TEST(an_empty_post_arrives_once_when_the_server_resets),
    TEST(over_http2_a_post_arrives_once_after_a_close),
    TEST(over_http2_a_post_arrives_once_after_a_reset),
    TEST(over_http2_a_post_arrives_once_after_refused_stream),
    TEST(over_http2_a_post_arrives_once_after_goaway),
    TEST(a_delete_is_repeated_by_the_plan_alone),
    TEST(a_post_after_an_idle_close_uses_a_new_connection),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
