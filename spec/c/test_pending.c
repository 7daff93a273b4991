/* A fast call costs about the same whether or not a thousand slow ones are
** pending. Counted are the instructions of the I/O thread, libcurl's included,
** by valgrind: this program runs itself under callgrind, which looks into
** thread_main only. Whatever else the machine does makes no difference.
**
** The cost of one call is what a run with many of them takes more than one with
** few, so that what is pending has been paid for by both. */

#include "calls.h"

#include <sys/resource.h>
#include <unistd.h>

enum { SLOW = 1000, SLOW_THERE = 250, FEW = 10, MANY = 60 };

static Response respond(void *user, int n, const char *path, const char *text) {
  (void)user, (void)n, (void)text;
  if (strcmp(path, "/slow") == 0) return (Response){"", 0, THEN_HANG};
  return OK_RESPONSE;
}

/* Both ends of each connection are in this process. */
static void allow_descriptors(rlim_t n) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= n) return;
  limit.rlim_cur = n < limit.rlim_max ? n : limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/* Makes `calls` fast ones while `slow` are pending, there or elsewhere. */
static void call_beside(int slow, bool same_origin, int calls) {
  static salon_Exchange *pending[SLOW];
  allow_descriptors(2 * SLOW + 200);
  config->max_in_flight = config->max_per_origin = 2 * SLOW;
  config->idle_timeout = 3600; /* however slow the machine is */
  Server *quick = server_start(respond, NULL);
  Server *lazy = same_origin ? quick : server_start(respond, NULL);
  assert_answers(server_url(quick, "/warm"));
  int before = server_requests(lazy);
  for (int i = 0; i < slow; i++)
    pending[i] = begin("GET", server_url(lazy, "/slow"), NULL, 300);
  server_await(lazy, before + slow);
  for (int i = 0; i < calls; i++) assert_answers(server_url(quick, "/fast"));
  for (int i = 0; i < slow; i++) salon_engine_cancel(pending[i]);
  for (int i = 0; i < slow; i++) end(finish(pending[i]));
  if (!same_origin) server_stop(lazy);
  server_stop(quick);
}

static int scene[3] = {SLOW_THERE, 1, FEW}; /* slow, same_origin, calls */

static void a_fast_call_is_answered_beside_slow_ones(void **state) {
  (void)state;
  call_beside(scene[0], scene[1] != 0, scene[2]);
}

/* What callgrind counts in such a run. */
static double instructions(int slow, bool same_origin, int calls) {
  char command[500], line[300];
  double count = 0;
  snprintf(command, sizeof(command),
           "valgrind --tool=callgrind --callgrind-out-file=/dev/null "
           "--toggle-collect=thread_main /proc/%d/exe %d %d %d 2>&1",
           (int)getpid(), slow, same_origin, calls);
  FILE *f = popen(command, "r");
  assert_non_null(f);
  while (fgets(line, sizeof(line), f) != NULL) {
    const char *found = strstr(line, "Collected : ");
    if (found != NULL) count = strtod(found + 12, NULL);
  }
  if (pclose(f) == 127 << 8) {
    print_message("no valgrind: instructions are not counted\n");
    skip();
  }
  assert_true(count > 0);
  return count;
}

static double cost(int slow, bool same_origin) {
  double few = instructions(slow, same_origin, FEW);
  double many = instructions(slow, same_origin, MANY);
  return (many - few) / (MANY - FEW);
}

static void compare(int slow, bool same_origin) {
  static double alone; /* measured once */
  if (alone == 0) alone = cost(0, false);
  double beside = cost(slow, same_origin);
  printf("# instructions per call: %.0f alone, %.0f with %d pending: %.2f\n",
         alone, beside, slow, beside / alone);
  assert_true(beside <= 2 * alone);
}

static void a_fast_call_costs_little_beside_a_thousand_slow_ones(void **state) {
  (void)state;
  compare(SLOW, false);
}

static void so_it_does_when_they_are_at_the_same_origin(void **state) {
  (void)state;
  compare(SLOW_THERE, true);
}

int main(int argc, char **argv) {
  const struct CMUnitTest counted[] = {
    cmocka_unit_test(a_fast_call_costs_little_beside_a_thousand_slow_ones),
    cmocka_unit_test(so_it_does_when_they_are_at_the_same_origin),
  };
  const struct CMUnitTest run[] = {
    TEST(a_fast_call_is_answered_beside_slow_ones),
  };
  for (int i = 0; i < 3 && argc == 4; i++) scene[i] = atoi(argv[i + 1]);
  /* valgrind and the sanitizers exclude each other */
  bool count = argc == 1 && slower() == 1;
  return count ? cmocka_run_group_tests(counted, NULL, NULL)
               : cmocka_run_group_tests(run, NULL, NULL);
}
