/* A name look-up that hangs: getaddrinfo is replaced here, for names under
** "hang.test" it returns when the test says so. Nobody else may be delayed,
** nor the call's own deadline, nor the end of the engine. And names of two
** addresses. */

#define _GNU_SOURCE /* RTLD_NEXT */

#include "calls.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

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

/* 127.0.0.2, where nobody accepts, and 127.0.0.1. */
static int two_addresses(Getaddrinfo *real, const char *service,
                         const struct addrinfo *hints,
                         struct addrinfo **result) {
  struct addrinfo *second = NULL;
  int failed = real("127.0.0.2", service, hints, result);
  if (failed == 0) failed = real("127.0.0.1", service, hints, &second);
  struct addrinfo *last = *result;
  while (failed == 0 && last->ai_next != NULL) last = last->ai_next;
  if (failed == 0) last->ai_next = second;
  return failed;
}

int getaddrinfo(const char *name, const char *service,
                const struct addrinfo *hints, struct addrinfo **result) {
  Getaddrinfo *real = (Getaddrinfo *)dlsym(RTLD_NEXT, "getaddrinfo");
  if (name != NULL && strcmp(name, "two.test") == 0)
    return two_addresses(real, service, hints, result);
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

static Response respond(void *user, int n, const char *path, const char *text) {
  (void)user, (void)n, (void)path, (void)text;
  return OK_RESPONSE;
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
  Server *s = server_start(respond, NULL);
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
  Server *s = server_start(respond, NULL);
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

/* The first address of a name swallows connections: its listener's queue is
** full. */
static void a_silent_address_is_given_up_for_the_next(void **state) {
  (void)state;
  Server *s = server_start(respond, NULL);
  struct sockaddr_in a = {.sin_family = AF_INET,
                          .sin_port = htons((uint16_t)server_port(s))};
  int fds[3];
  inet_pton(AF_INET, "127.0.0.2", &a.sin_addr);
  for (int i = 0; i < 3; i++)
    fds[i] = socket(AF_INET, SOCK_STREAM | (i > 0 ? SOCK_NONBLOCK : 0), 0);
  assert_int_equal(bind(fds[0], (struct sockaddr *)&a, sizeof(a)), 0);
  assert_int_equal(listen(fds[0], 0), 0);
  for (int i = 1; i < 3; i++)
    (void)connect(fds[i], (struct sockaddr *)&a, sizeof(a));
  char there[64];
  snprintf(there, sizeof(there), "http://two.test:%d/", server_port(s));
  config->connect_timeout = 2;
  salon_Exchange *x = finish(begin("GET", there, NULL, 30));
  if (x->kind != SALON_OK) fail_msg("%s", x->message);
  assert_int_equal(x->attempts, 1);
  end(x);
  for (int i = 0; i < 3; i++) close(fds[i]);
  server_stop(s);
}

static atomic_bool no_descriptor; /* for the next TCP socket */

/* In place of libc's, as getaddrinfo above. */
int socket(int domain, int type, int protocol) {
  typedef int Socket(int, int, int);
  Socket *real = (Socket *)dlsym(RTLD_NEXT, "socket");
  if ((type & SOCK_STREAM) == 0 || !atomic_exchange(&no_descriptor, false))
    return real(domain, type, protocol);
  errno = EMFILE;
  return -1;
}

static Response reset_first(void *user, int n, const char *path,
                            const char *text) {
  (void)user, (void)path, (void)text;
  return n == 1 ? (Response){"", 0, THEN_RESET} : OK_RESPONSE;
}

/* What happens later has another cause, and may be tried again. */
static void a_descriptor_is_missed_by_one_address_alone(void **state) {
  (void)state;
  Server *s = server_start(reset_first, NULL);
  char there[64];
  snprintf(there, sizeof(there), "http://two.test:%d/", server_port(s));
  atomic_store(&no_descriptor, true);
  salon_Exchange *x = call("GET", there, NULL);
  assert_false(atomic_load(&no_descriptor));
  if (x->kind != SALON_OK) fail_msg("%s", x->message);
  assert_int_equal(x->attempts, 2);
  end(x);
  server_stop(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(a_silent_address_is_given_up_for_the_next),
    TEST(a_descriptor_is_missed_by_one_address_alone),
    HANGING(a_look_up_that_hangs_does_not_delay_its_deadline),
    HANGING(a_look_up_that_hangs_delays_nobody_else),
    HANGING(cancelling_a_look_up_that_hangs_delays_nobody),
    HANGING(a_look_up_that_hangs_does_not_hold_up_the_end),
    HANGING(the_connection_timeout_covers_the_look_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
