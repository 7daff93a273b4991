/* A fast call costs about the same whether or not a thousand slow ones are
   pending. Measured is the CPU of this process without the server's thread;
   the figure is the least of several batches, as others disturb it. */

#include "calls.h"

#include <math.h>
#include <sys/resource.h>

enum { SLOW = 1000, SLOW_THERE = 250, BATCHES = 9, CALLS = 50 };

static Answer answer(void *user, int n, const char *path, const char *text) {
  (void)user, (void)n, (void)text;
  if (strcmp(path, "/slow") == 0) return (Answer){"", 0, THEN_HANG};
  return OK_ANSWER;
}

static double ours(const Server *a, const Server *b) {
  return cpu() - server_cpu(a) - (a == b ? 0 : server_cpu(b));
}

/* Seconds of CPU per fast call. */
static double cost(const Server *s, const Server *other) {
  double least = 1e9;
  for (int i = 0; i < BATCHES; i++) {
    double before = ours(s, other);
    for (int k = 0; k < CALLS; k++) assert_answers(server_url(s, "/fast"));
    double each = (ours(s, other) - before) / CALLS;
    if (each < least) least = each;
  }
  return least;
}

/* Both ends of each connection are in this process. */
static void allow_descriptors(rlim_t n) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= n) return;
  limit.rlim_cur = n < limit.rlim_max ? n : limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/* `quick` and `lazy` may be one and the same. */
static void compare(Server *quick, Server *lazy, int slow) {
  static salon_Exchange *pending[SLOW];
  int before = server_requests(lazy);
  assert_answers(server_url(quick, "/warm"));
  double alone = cost(quick, lazy);
  if (quick == lazy) before = server_requests(lazy);
  for (int i = 0; i < slow; i++)
    pending[i] = begin("GET", server_url(lazy, "/slow"), NULL, 300);
  server_await(lazy, before + slow);
  double crowded = cost(quick, lazy);
  for (int i = 0; i < 4 && crowded > 3 * alone; i++) /* a bad moment? */
    crowded = fmin(crowded, cost(quick, lazy));
  for (int i = 0; i < slow; i++) salon_engine_cancel(pending[i]);
  for (int i = 0; i < slow; i++) end(finish(pending[i]));
  printf("# CPU per call: %.0f us alone, %.0f us with %d pending: %.1f times\n",
         alone * 1e6, crowded * 1e6, slow, crowded / alone);
  assert_true(crowded <= 3 * alone);
}

static void a_fast_call_costs_little_beside_a_thousand_slow_ones(void **state) {
  (void)state;
  allow_descriptors(2 * SLOW + 200);
  config->max_in_flight = config->max_per_origin = 2 * SLOW;
  Server *quick = server_start(answer, NULL);
  Server *lazy = server_start(answer, NULL);
  compare(quick, lazy, SLOW);
  server_stop(quick);
  server_stop(lazy);
}

/* As many as the default ceiling lets: libcurl looks at each of them. */
static void so_it_does_when_they_are_at_the_same_origin(void **state) {
  (void)state;
  allow_descriptors(2 * SLOW_THERE + 200);
  Server *s = server_start(answer, NULL);
  compare(s, s, SLOW_THERE);
  server_stop(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(a_fast_call_costs_little_beside_a_thousand_slow_ones),
    TEST(so_it_does_when_they_are_at_the_same_origin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
