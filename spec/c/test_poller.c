/* Both ways to wait for descriptors: epoll in this file, poll in
** test_poller_fallback.c, which is this file again. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/poller.h"

static salon_Poller *p;
static int pair[2];
static salon_Ready ready[8];

static int setup(void **state) {
  (void)state;
  p = salon_poller_new();
  return p == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0;
}

static int teardown(void **state) {
  (void)state;
  salon_poller_free(p);
  close(pair[0]);
  close(pair[1]);
  return 0;
}

static void speak(void) { assert_int_equal(write(pair[1], "x", 1), 1); }

static size_t look(void) { return salon_poller_wait(p, ready, 8, 0); }

static void only_what_is_wanted_is_reported(void **state) {
  (void)state;
  speak();
  assert_int_equal(look(), 0);
  assert_true(salon_poller_want(p, pair[0], SALON_POLL_IN));
  assert_int_equal(look(), 1);
  assert_int_equal(ready[0].fd, pair[0]);
  assert_int_equal(ready[0].events, SALON_POLL_IN);
  assert_true(salon_poller_want(p, pair[0], SALON_POLL_OUT));
  assert_int_equal(look(), 1);
  assert_int_equal(ready[0].events, SALON_POLL_OUT);
  assert_true(salon_poller_want(p, pair[0], SALON_POLL_IN | SALON_POLL_OUT));
  assert_int_equal(look(), 1);
  assert_int_equal(ready[0].events, SALON_POLL_IN | SALON_POLL_OUT);
}

/* The lazy part: dropped, fired unasked, wanted again. */
static void interest_may_be_dropped_and_taken_up_again(void **state) {
  (void)state;
  salon_poller_opened(p, pair[0]);
  for (int i = 0; i < 3; i++) {
    assert_true(salon_poller_want(p, pair[0], SALON_POLL_IN));
    assert_true(salon_poller_want(p, pair[0], 0));
    speak();
    assert_int_equal(look(), 0);
    assert_int_equal(look(), 0);
    assert_true(salon_poller_want(p, pair[0], SALON_POLL_IN));
    assert_int_equal(look(), 1);
  }
}

static void a_closed_peer_is_news(void **state) {
  (void)state;
  assert_true(salon_poller_want(p, pair[0], SALON_POLL_IN));
  shutdown(pair[1], SHUT_WR);
  assert_int_equal(look(), 1);
  assert_true(ready[0].events & (SALON_POLL_IN | SALON_POLL_ERR));
}

/* The next socket often gets the number of the last one. */
static void a_number_may_be_used_again_by_another_descriptor(void **state) {
  (void)state;
  int number = pair[0];
  assert_true(salon_poller_want(p, number, SALON_POLL_IN));
  salon_poller_forget(p, number);
  close(pair[0]);
  close(pair[1]);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  assert_int_equal(pair[0], number);
  speak();
  assert_int_equal(look(), 0);
  assert_true(salon_poller_want(p, number, SALON_POLL_IN));
  assert_int_equal(look(), 1);
}

static void a_number_may_be_used_again_without_a_word(void **state) {
  (void)state;
  int number = pair[0];
  salon_poller_opened(p, number);
  assert_true(salon_poller_want(p, number, SALON_POLL_IN));
  assert_true(salon_poller_want(p, number, 0));
  close(pair[0]);
  close(pair[1]);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  assert_int_equal(pair[0], number);
  salon_poller_opened(p, number);
  assert_true(salon_poller_want(p, number, SALON_POLL_OUT));
  assert_int_equal(look(), 1);
}

/* As libcurl's resolver does with its own descriptors. */
static void what_was_not_opened_here_is_dropped_at_once(void **state) {
  (void)state;
  int number = pair[0];
  assert_true(salon_poller_want(p, number, SALON_POLL_IN));
  assert_true(salon_poller_want(p, number, 0));
  close(pair[0]);
  close(pair[1]);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  assert_int_equal(pair[0], number);
  assert_true(salon_poller_want(p, number, SALON_POLL_IN));
  speak();
  assert_int_equal(look(), 1);
}

static void assert_silent(void) {
  double start = salon_now();
  assert_int_equal(look(), 0);
  assert_int_equal(salon_poller_wait(p, ready, 8, 0.0201), 0);
  assert_true(salon_now() - start >= 0.0201);
}

/* A copy as a forked child holds it keeps the kernel's entry alive, which no call
** reaches any more. */
static void close_but_for_a_copy(void) {
  int number = pair[0];
  pair[0] = dup(number);
  salon_poller_opened(p, number);
  assert_true(salon_poller_want(p, number, SALON_POLL_IN));
  close(number);
  assert_true(salon_poller_want(p, number, 0));
  speak();
}

static void a_copy_that_a_forked_child_holds_makes_no_events(void **state) {
  (void)state;
  close_but_for_a_copy();
  assert_silent();
}

#if defined(__linux__) && !defined(SALON_USE_POLL)
#include <sys/epoll.h>
static bool no_more_watches; /* epoll takes no new descriptor */

int __real_epoll_ctl(int epoll_fd, int op, int fd, struct epoll_event *ev);
int __wrap_epoll_ctl(int epoll_fd, int op, int fd, struct epoll_event *ev);

/* In place of the poller's (Makefile). */
int __wrap_epoll_ctl(int epoll_fd, int op, int fd, struct epoll_event *ev) {
  if (op != EPOLL_CTL_ADD || !no_more_watches)
    return __real_epoll_ctl(epoll_fd, op, fd, ev);
  errno = ENOMEM;
  return -1;
}

static void a_set_that_cannot_be_made_anew_loses_nothing(void **state) {
  (void)state;
  int other[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, other), 0);
  assert_true(salon_poller_want(p, other[0], SALON_POLL_IN));
  close_but_for_a_copy();
  no_more_watches = true;
  assert_int_equal(look(), 0);
  no_more_watches = false;
  assert_int_equal(write(other[1], "x", 1), 1);
  assert_int_equal(look(), 1);
  assert_int_equal(ready[0].fd, other[0]);
  assert_int_equal(look(), 1);
  close(other[0]);
  close(other[1]);
}
#endif

static void nor_does_it_where_the_number_is_used_again(void **state) {
  (void)state;
  int number = pair[0], copy = dup(number), other[2];
  salon_poller_opened(p, number);
  assert_true(salon_poller_want(p, number, SALON_POLL_IN));
  close(number);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, other), 0);
  assert_int_equal(other[0], number);
  salon_poller_opened(p, number);
  assert_true(salon_poller_want(p, number, SALON_POLL_IN));
  speak();
  assert_silent();
  assert_int_equal(write(other[1], "x", 1), 1);
  assert_int_equal(look(), 1);
  close(copy);
  close(other[1]);
}

static void forgetting_what_was_never_wanted_does_nothing(void **state) {
  (void)state;
  salon_poller_forget(p, pair[0]);
  salon_poller_forget(p, 100000);
  assert_int_equal(look(), 0);
}

static void it_waits_for_the_time_it_is_given(void **state) {
  (void)state;
  double start = salon_now();
  assert_true(salon_poller_want(p, pair[0], SALON_POLL_IN));
  assert_int_equal(salon_poller_wait(p, ready, 8, 0.0201), 0);
  assert_true(salon_now() - start >= 0.0201);
}

static void more_than_it_may_report_is_reported_next_time(void **state) {
  (void)state;
  int other[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, other), 0);
  assert_true(salon_poller_want(p, pair[0], SALON_POLL_OUT));
  assert_true(salon_poller_want(p, other[0], SALON_POLL_OUT));
  assert_int_equal(salon_poller_wait(p, ready, 1, 0), 1);
  assert_int_equal(look(), 2);
  close(other[0]);
  close(other[1]);
}

/* Nobody reads: all of them stay ready. */
static void those_behind_have_their_turn(void **state) {
  (void)state;
  enum { PIPES = 12, ROUNDS = 60 };
  int fds[PIPES][2], seen[PIPES] = {0};
  for (int i = 0; i < PIPES; i++) {
    assert_int_equal(pipe(fds[i]), 0);
    assert_int_equal(write(fds[i][1], "x", 1), 1);
    assert_true(salon_poller_want(p, fds[i][0], SALON_POLL_IN));
  }
  for (int round = 0; round < ROUNDS; round++)
    for (size_t n = look(); n > 0; n--)
      for (int i = 0; i < PIPES; i++) seen[i] += fds[i][0] == ready[n - 1].fd;
  for (int i = 0; i < PIPES; i++) {
    assert_true(seen[i] >= ROUNDS * 8 / PIPES / 2);
    salon_poller_forget(p, fds[i][0]);
    close(fds[i][0]);
    close(fds[i][1]);
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(only_what_is_wanted_is_reported),
    TEST(interest_may_be_dropped_and_taken_up_again),
    TEST(a_closed_peer_is_news),
    TEST(a_number_may_be_used_again_by_another_descriptor),
    TEST(a_number_may_be_used_again_without_a_word),
    TEST(what_was_not_opened_here_is_dropped_at_once),
    TEST(a_copy_that_a_forked_child_holds_makes_no_events),
    TEST(nor_does_it_where_the_number_is_used_again),
#if defined(__linux__) && !defined(SALON_USE_POLL)
    TEST(a_set_that_cannot_be_made_anew_loses_nothing),
#endif
    TEST(forgetting_what_was_never_wanted_does_nothing),
    TEST(it_waits_for_the_time_it_is_given),
    TEST(more_than_it_may_report_is_reported_next_time),
    TEST(those_behind_have_their_turn),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
