/* The mailbox alone, without an engine: what is kept and taken, when sleepers
** and nginx's socket are woken, and that no wake-up is lost. */

#include "calls.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* An exchange on its way to `mailbox`, as the engine would hold it. */
static salon_Exchange *under_way(void) {
  salon_Exchange *x = make("GET", "http://a.test/", NULL);
  salon_mailbox_expect(mailbox);
  return x;
}

static salon_Exchange *wanted(void) {
  salon_Exchange *x = under_way();
  assert_true(salon_mailbox_want(mailbox, x));
  return x;
}

static void deliver_one(salon_Exchange *x) {
  salon_mailbox_deliver(mailbox, (salon_List){&x->node, &x->node});
}

/* Delivers n wanted ones at a time; their ids in `ids`. */
static void deliver(int n, uint64_t *ids) {
  salon_List list = {NULL, NULL};
  for (int i = 0; i < n; i++) {
    salon_Exchange *x = wanted();
    if (ids != NULL) ids[i] = x->id;
    salon_list_push(&list, &x->node);
  }
  salon_mailbox_deliver(mailbox, list);
}

static bool readable(int fd) {
  struct pollfd p = {.fd = fd, .events = POLLIN};
  return poll(&p, 1, 0) == 1;
}

static void finished_calls_are_taken_in_their_order(void **state) {
  (void)state;
  uint64_t ids[5];
  assert_int_equal(salon_mailbox_take(mailbox), 0);
  deliver(3, ids);
  deliver(2, ids + 3);
  for (int i = 0; i < 5; i++)
    assert_int_equal(salon_mailbox_take(mailbox), ids[i]);
  assert_int_equal(salon_mailbox_take(mailbox), 0);
  assert_int_equal(atomic_load(&mailbox->in_flight), 0);
}

static void nobody_is_told_who_did_not_ask(void **state) {
  (void)state;
  deliver(1, NULL);
  assert_false(readable(mailbox->wake.read_fd));
}

static void what_nobody_wants_is_not_kept(void **state) {
  (void)state;
  salon_Exchange *x = salon_exchange_ref(under_way());
  salon_Exchange *other = wanted();
  uint64_t id = other->id;
  deliver_one(other);
  deliver_one(x);
  assert_true(salon_exchange_finished(x));
  assert_int_equal(atomic_load(&x->refs), 1);
  assert_false(salon_mailbox_want(mailbox, x)); /* too late */
  assert_int_equal(salon_mailbox_take(mailbox), id);
  assert_int_equal(salon_mailbox_take(mailbox), 0);
  end(x);
}

static void what_finishes_after_the_end_of_its_state_is_dropped(void **state) {
  (void)state;
  salon_Mailbox *closed = mailbox;
  salon_Exchange *x = salon_exchange_ref(wanted());
  mailbox = salon_mailbox_new();
  salon_mailbox_unref(closed);
  salon_mailbox_deliver(closed, (salon_List){&x->node, &x->node});
  assert_true(salon_exchange_finished(x));
  assert_int_equal(atomic_load(&x->refs), 1);
  end(x);
}

/* ---- waiting ---- */

static void waiting_ends_at_its_time(void **state) {
  (void)state;
  salon_Exchange *x = under_way();
  double start = salon_now();
  assert_false(salon_mailbox_wait(mailbox, x, 0.05));
  assert_true(salon_now() - start >= 0.05);
  assert_false(salon_mailbox_wait(mailbox, x, 0));
  assert_false(salon_mailbox_wait(mailbox, x, -1));
  salon_exchange_ref(x);
  deliver_one(x);
  assert_true(salon_mailbox_wait(mailbox, x, 0));
  end(x);
}

static void a_host_that_takes_waits_for_any_call(void **state) {
  (void)state;
  uint64_t id;
  double start = salon_now();
  assert_false(salon_mailbox_wait(mailbox, NULL, 0.05));
  assert_true(salon_now() - start >= 0.05);
  deliver(1, &id);
  assert_true(salon_mailbox_wait(mailbox, NULL, 20));
  assert_true(salon_mailbox_wait(mailbox, NULL, 20)); /* it is still there */
  assert_int_equal(salon_mailbox_take(mailbox), id);
  assert_false(salon_mailbox_wait(mailbox, NULL, 0));
}

enum { ROUNDS = 2000 };

typedef struct Delivery {
  salon_Exchange *x[ROUNDS];
  atomic_int ready; /* so many may be delivered */
} Delivery;

static void *deliver_each(void *user) {
  Delivery *d = user;
  for (int i = 0; i < ROUNDS; i++) {
    while (atomic_load(&d->ready) <= i) continue;
    deliver_one(d->x[i]);
  }
  return NULL;
}

static void no_wake_up_is_lost_between_looking_and_sleeping(void **state) {
  (void)state;
  static Delivery delivery;
  pthread_t thread;
  atomic_store(&delivery.ready, 0);
  for (int i = 0; i < ROUNDS; i++)
    delivery.x[i] = salon_exchange_ref(under_way());
  pthread_create(&thread, NULL, deliver_each, &delivery);
  double start = salon_now();
  for (int i = 0; i < ROUNDS; i++) {
    atomic_fetch_add(&delivery.ready, 1);
    assert_true(salon_mailbox_wait(mailbox, delivery.x[i], 20));
    end(delivery.x[i]);
  }
  assert_true(salon_now() - start < 20);
  pthread_join(thread, NULL);
}

/* ---- nginx's socket ---- */

static int connect_to(const char *path) {
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  strncpy(a.sun_path, path, sizeof(a.sun_path) - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
  return fd;
}

static void
the_socket_is_private_and_its_file_goes_once_connected(void **state) {
  (void)state;
  struct stat info;
  assert_false(salon_mailbox_accept(mailbox));
  char *path = strdup(salon_mailbox_listen(mailbox));
  char *folder = strdup(path);
  *strrchr(folder, '/') = '\0';
  assert_int_equal(stat(folder, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0700);
  assert_false(salon_mailbox_accept(mailbox)); /* nobody there yet */
  int fd = connect_to(path);
  assert_true(salon_mailbox_accept(mailbox));
  assert_int_not_equal(stat(path, &info), 0);
  assert_int_not_equal(stat(folder, &info), 0);
  close(fd);
  free(path);
  free(folder);
}

static void the_socket_speaks_once_after_it_was_armed(void **state) {
  (void)state;
  char bytes[8];
  int fd = connect_to(salon_mailbox_listen(mailbox));
  assert_true(salon_mailbox_accept(mailbox));
  deliver(1, NULL);
  assert_false(readable(fd));               /* the loop is awake */
  assert_false(salon_mailbox_arm(mailbox)); /* first take what is there */
  assert_true(salon_mailbox_take(mailbox) != 0);
  assert_true(salon_mailbox_arm(mailbox));
  deliver(2, NULL);
  deliver(1, NULL);
  assert_int_equal(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT), 1);
  for (int i = 0; i < 3; i++) assert_true(salon_mailbox_take(mailbox) != 0);
  close(fd);
  assert_true(salon_mailbox_arm(mailbox));
  deliver(1, NULL); /* a loop that died does no harm */
  assert_true(salon_mailbox_take(mailbox) != 0);
}

static void a_socket_that_nobody_connects_to_leaves_no_file(void **state) {
  (void)state;
  struct stat info;
  char *first = strdup(salon_mailbox_listen(mailbox));
  char *second = strdup(salon_mailbox_listen(mailbox));
  assert_string_not_equal(first, second);
  assert_int_not_equal(stat(first, &info), 0);
  salon_mailbox_unref(mailbox);
  assert_int_not_equal(stat(second, &info), 0);
  mailbox = salon_mailbox_new();
  free(first);
  free(second);
}

static void a_folder_that_cannot_be_made_is_an_error(void **state) {
  (void)state;
  const char *before = getenv("TMPDIR");
  char *saved = before == NULL ? NULL : strdup(before);
  setenv("TMPDIR", "/nowhere/at/all", 1);
  assert_null(salon_mailbox_listen(mailbox));
  if (saved != NULL)
    setenv("TMPDIR", saved, 1);
  else
    unsetenv("TMPDIR");
  free(saved);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(finished_calls_are_taken_in_their_order),
    TEST(nobody_is_told_who_did_not_ask),
    TEST(what_nobody_wants_is_not_kept),
    TEST(what_finishes_after_the_end_of_its_state_is_dropped),
    TEST(waiting_ends_at_its_time),
    TEST(a_host_that_takes_waits_for_any_call),
    TEST(no_wake_up_is_lost_between_looking_and_sleeping),
    TEST(the_socket_is_private_and_its_file_goes_once_connected),
    TEST(the_socket_speaks_once_after_it_was_armed),
    TEST(a_socket_that_nobody_connects_to_leaves_no_file),
    TEST(a_folder_that_cannot_be_made_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
