/* A name look-up that hangs: getaddrinfo is replaced here, for names under
   "hang.test" it returns when the test says so. Nobody else may be delayed,
   nor the call's own deadline, nor the end of the engine. */

#define _GNU_SOURCE /* RTLD_NEXT */

#include "calls.h"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <time.h>

enum { LONGEST = 3 }; /* seconds, so that a failing test ends as well */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int asked, returned;
static bool released;

static void hang(void) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += LONGEST;
  pthread_mutex_lock(&lock);
  asked++;
  pthread_cond_broadcast(&changed);
  while (!released && pthread_cond_timedwait(&changed, &lock, &until) == 0)
    continue;
  returned++;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

typedef int Getaddrinfo(const char *, const char *, const struct addrinfo *,
                        struct addrinfo **);

int getaddrinfo(const char *name, const char *service,
                const struct addrinfo *hints, struct addrinfo **result) {
  Getaddrinfo *real = (Getaddrinfo *)dlsym(RTLD_NEXT, "getaddrinfo");
  if (name == NULL || strstr(name, "hang.test") == NULL)
    return real(name, service, hints, result);
  hang();
  return EAI_NONAME;
}

static void await_question(int n) {
  pthread_mutex_lock(&lock);
  while (asked < n) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
}

static int setup_hanging(void **state) {
  asked = returned = 0;
  released = false;
  return setup(state);
}

/* The resolver's threads belong to libcurl: they end on their own. */
static int teardown_hanging(void **state) {
  pthread_mutex_lock(&lock);
  released = true;
  pthread_cond_broadcast(&changed);
  while (returned < asked) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
  return teardown(state);
}

static Answer answer(void *user, int n, const char *path, const char *text) {
  (void)user, (void)n, (void)path, (void)text;
  return OK_ANSWER;
}

static const char url[] = "http://hang.test/rooms";

static void a_look_up_that_hangs_does_not_delay_its_deadline(void **state) {
  (void)state;
  double start = salon_now();
  salon_Exchange *x = finish(begin("GET", url, NULL, 0.2));
  assert_true(salon_now() - start < 1);
  assert_failed(x, SALON_TIMEOUT, SALON_UNSENT, 1);
  assert_says(x, "while resolving the host name");
  end(x);
}

static void a_look_up_that_hangs_delays_nobody_else(void **state) {
  (void)state;
  Server *s = server_start(answer, NULL);
  salon_Exchange *x = begin("GET", url, NULL, 0.3);
  await_question(1);
  double start = salon_now();
  while (!salon_exchange_finished(x)) assert_answers(server_url(s, "/"));
  for (int i = 0; i < 10; i++)
    assert_answers(server_url(s, "/")); /* after it */
  assert_true(salon_now() - start < 1);
  end(x);
  server_stop(s);
}

static void cancelling_a_look_up_that_hangs_delays_nobody(void **state) {
  (void)state;
  Server *s = server_start(answer, NULL);
  salon_Exchange *x = begin("GET", url, NULL, 10);
  await_question(1);
  double start = salon_now();
  salon_engine_cancel(x);
  finish(x);
  assert_answers(server_url(s, "/"));
  assert_true(salon_now() - start < 1);
  assert_failed(x, SALON_CANCELLED, SALON_UNSENT, 1);
  end(x);
  server_stop(s);
}

static void a_look_up_that_hangs_does_not_hold_up_the_end(void **state) {
  (void)state;
  salon_Exchange *x = begin("GET", url, NULL, 10);
  await_question(1);
  double start = salon_now();
  salon_engine_stop();
  assert_true(salon_now() - start < 1);
  assert_failed(x, SALON_CANCELLED, SALON_UNSENT, 1);
  end(x);
}

/* libcurl's own ceiling for look-up and connection. */
static void the_connection_timeout_covers_the_look_up(void **state) {
  (void)state;
  config->connect_timeout = 0.2;
  config->retry.max_tries = 1;
  double start = salon_now();
  salon_Exchange *x = finish(begin("GET", url, NULL, 10));
  assert_true(salon_now() - start < 1);
  assert_failed(x, SALON_TIMEOUT, SALON_UNSENT, 1);
  end(x);
}

#define HANGING(name)                                                          \
  cmocka_unit_test_setup_teardown(name, setup_hanging, teardown_hanging)

int main(void) {
  const struct CMUnitTest tests[] = {
    HANGING(a_look_up_that_hangs_does_not_delay_its_deadline),
    HANGING(a_look_up_that_hangs_delays_nobody_else),
    HANGING(cancelling_a_look_up_that_hangs_delays_nobody),
    HANGING(a_look_up_that_hangs_does_not_hold_up_the_end),
    HANGING(the_connection_timeout_covers_the_look_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
