/* A fast call costs about the same whether or not a thousand slow ones are
** pending. Counted are instructions, by valgrind: this program starts itself
** under callgrind, for the calls alone, with the servers outside. So neither
** what else the machine does nor what it took to get there makes a
** difference. */

#include "calls.h"

#include <sys/resource.h>
#include <unistd.h>

#if defined(__has_include)
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#define HAS_CALLGRIND 1
#endif
#endif
#ifndef HAS_CALLGRIND
#define HAS_CALLGRIND 0
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_STOP_INSTRUMENTATION
#endif

enum { SLOW = 1000, SLOW_THERE = 250, CALLS = 50 };

static atomic_int arrived; /* slow ones */

static Response respond(void *user, int n, const char *path, const char *text) {
  (void)user, (void)n, (void)text;
  if (strcmp(path, "/slow") != 0) return OK_RESPONSE;
  atomic_fetch_add(&arrived, 1);
  return (Response){"", 0, THEN_HANG};
}

/* "/arrived/N": have so many slow ones come? */
static Response respond_slow(void *user, int n, const char *path,
                             const char *text) {
  if (strncmp(path, "/arrived/", 9) == 0 &&
      atomic_load(&arrived) < atoi(path + 9))
    return (Response){"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", 0,
                      THEN_KEEP};
  return respond(user, n, path, text);
}

static void allow_descriptors(rlim_t n) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= n) return;
  limit.rlim_cur = n < limit.rlim_max ? n : limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/* ---- inside: makes the calls ---- */

static const char *quick, *lazy; /* "http://127.0.0.1:PORT" */
static int slow;

static void await_slow(void) {
  char url[100];
  snprintf(url, sizeof(url), "%s/arrived/%d", lazy, slow);
  for (long status = 404; status != 200; usleep(10000)) {
    salon_Exchange *x = call("GET", url, NULL);
    status = x->status;
    end(x);
  }
}

static void fast_calls_are_answered_beside_slow_ones(void **state) {
  (void)state;
  static salon_Exchange *pending[SLOW];
  char fast[100], hangs[100];
  snprintf(fast, sizeof(fast), "%s/fast", quick);
  snprintf(hangs, sizeof(hangs), "%s/slow", lazy);
  config->max_in_flight = config->max_per_origin = 2 * SLOW;
  config->idle_timeout = 3600; /* however slow the machine is */
  for (int i = 0; i < slow; i++) pending[i] = begin("GET", hangs, NULL, 300);
  await_slow();
  assert_answers(fast); /* warms the connection up */
  CALLGRIND_START_INSTRUMENTATION;
  for (int i = 0; i < CALLS; i++) assert_answers(fast);
  CALLGRIND_STOP_INSTRUMENTATION;
  for (int i = 0; i < slow; i++) salon_engine_cancel(pending[i]);
  for (int i = 0; i < slow; i++) end(finish(pending[i]));
}

/* ---- outside: serves, and counts ---- */

/* The output of this program, started once more by `runner`. */
static FILE *start(const char *runner, int pending, int ports[2]) {
  char command[400];
  snprintf(command, sizeof(command),
           "%s /proc/%d/exe http://127.0.0.1:%d http://127.0.0.1:%d %d 2>&1",
           runner, (int)getpid(), ports[0], ports[1], pending);
  FILE *f = popen(command, "r");
  assert_non_null(f);
  return f;
}

/* Instructions per call while `pending` hang, at the same origin or not. */
static double cost(int pending, bool same_origin) {
  char line[300];
  double count = 0;
  Server *a = server_start(respond_slow, NULL);
  Server *b = same_origin ? a : server_start(respond_slow, NULL);
  atomic_store(&arrived, 0);
  FILE *f = start("valgrind --tool=callgrind --callgrind-out-file=/dev/null "
                  "--instr-atstart=no",
                  pending, (int[]){server_port(a), server_port(b)});
  while (fgets(line, sizeof(line), f) != NULL) {
    const char *found = strstr(line, "Collected : ");
    if (found != NULL) count = strtod(found + 12, NULL);
  }
  int status = pclose(f);
  if (!same_origin) server_stop(b);
  server_stop(a);
  assert_int_equal(status, 0);
  return count / CALLS;
}

static void compare(int pending, bool same_origin) {
  double alone = cost(0, same_origin), beside = cost(pending, same_origin);
  printf("# instructions per call: %.0f alone, %.0f with %d pending: %.2f\n",
         alone, beside, pending, beside / alone);
  assert_true(alone > 0 && beside <= 2 * alone);
}

static void a_fast_call_costs_little_beside_a_thousand_slow_ones(void **state) {
  (void)state;
  compare(SLOW, false);
}

/* As many as the default ceiling lets: libcurl looks at each of them. */
static void so_it_does_when_they_are_at_the_same_origin(void **state) {
  (void)state;
  compare(SLOW_THERE, true);
}

/* Valgrind and the sanitizers exclude each other: there the calls are made, and
** nothing is counted. */
static void they_are_made_where_nothing_can_be_counted(void **state) {
  (void)state;
  char line[300];
  Server *s = server_start(respond_slow, NULL);
  FILE *f = start("", SLOW_THERE, (int[]){server_port(s), server_port(s)});
  while (fgets(line, sizeof(line), f) != NULL) fprintf(stderr, "# %s", line);
  int status = pclose(f);
  server_stop(s);
  assert_int_equal(status, 0);
}

int main(int argc, char **argv) {
  const struct CMUnitTest inside[] = {
    TEST(fast_calls_are_answered_beside_slow_ones),
  };
  const struct CMUnitTest counted[] = {
    cmocka_unit_test(a_fast_call_costs_little_beside_a_thousand_slow_ones),
    cmocka_unit_test(so_it_does_when_they_are_at_the_same_origin),
  };
  const struct CMUnitTest made[] = {
    cmocka_unit_test(they_are_made_where_nothing_can_be_counted),
  };
  allow_descriptors(SLOW + 200);
  if (argc == 4) {
    quick = argv[1];
    lazy = argv[2];
    slow = atoi(argv[3]);
    return cmocka_run_group_tests(inside, NULL, NULL);
  }
  bool counts = HAS_CALLGRIND && slower() == 1 &&
                system("valgrind --version >/dev/null") == 0;
  return counts ? cmocka_run_group_tests(counted, NULL, NULL)
                : cmocka_run_group_tests(made, NULL, NULL);
}
