/* Slots per origin and in all: who runs, who waits, whose turn is next. */

#include "calls.h"

#include "origin.h"

static salon_Origins origins;
static salon_Exchange *made[64];
static int count;

static int setup_origins(void **state) {
  memset(&origins, 0, sizeof(origins));
  count = 0;
  return setup(state);
}

static int teardown_origins(void **state) {
  while (count > 0) salon_exchange_unref(made[--count]);
  salon_origins_free(&origins);
  return teardown(state);
}

static salon_Exchange *at(const char *url) {
  salon_Exchange *x = salon_exchange_new(config, "GET", url, NULL, NULL, 0);
  assert_non_null(x);
  return made[count++] = x;
}

static salon_Exchange *running(const char *url) {
  salon_Exchange *x = at(url);
  assert_true(salon_origins_enter(&origins, x));
  return x;
}

static salon_Exchange *waiting(const char *url) {
  salon_Exchange *x = at(url);
  assert_false(salon_origins_enter(&origins, x));
  return x;
}

static void the_next_is(const salon_Exchange *x) {
  assert_ptr_equal(salon_origins_next(&origins), x);
}

static void an_origin_has_so_many_slots(void **state) {
  (void)state;
  config->max_per_origin = 2;
  salon_Exchange *a = running("http://a/1");
  running("http://a/2");
  salon_Exchange *b = waiting("http://a/3"), *c = waiting("http://a?4");
  running("http://b/");
  running("http://a:81/");
  running("https://a/");
  the_next_is(NULL);
  salon_origins_leave(&origins, a);
  the_next_is(b);
  the_next_is(NULL);
  salon_origins_leave(&origins, b);
  the_next_is(c);
}

static void there_are_so_many_slots_in_all(void **state) {
  (void)state;
  config->max_in_flight = 1;
  salon_Exchange *a = running("http://a/"), *b = waiting("http://b/");
  the_next_is(NULL);
  salon_origins_leave(&origins, a);
  the_next_is(b);
  assert_int_equal(origins.running, 1);
}

static void origins_take_turns(void **state) {
  (void)state;
  config->max_in_flight = 1;
  salon_Exchange *x = running("http://a/"), *a[3], *b[2], *c;
  for (int i = 0; i < 3; i++) a[i] = waiting("http://a/");
  for (int i = 0; i < 2; i++) b[i] = waiting("http://b/");
  c = waiting("http://c/");
  salon_Exchange *order[] = {a[0], b[0], c, a[1], b[1], a[2]};
  for (int i = 0; i < 6; i++) {
    salon_origins_leave(&origins, x);
    the_next_is(x = order[i]);
  }
}

/* It may neither overtake those that wait nor block other origins. */
static void who_comes_later_stands_behind_those_who_wait(void **state) {
  (void)state;
  config->max_per_origin = 1;
  salon_Exchange *a = running("http://a/"), *b = waiting("http://a/");
  salon_origins_leave(&origins, a);
  salon_Exchange *c = waiting("http://a/");
  running("http://b/");
  the_next_is(b);
  the_next_is(NULL);
  salon_origins_leave(&origins, b);
  the_next_is(c);
}

static void who_withdraws_leaves_the_line_in_order(void **state) {
  (void)state;
  config->max_per_origin = 1;
  salon_Exchange *x = running("http://a/"), *w[4];
  for (int i = 0; i < 4; i++) w[i] = waiting("http://a/");
  salon_origins_withdraw(&origins, w[1]);
  salon_origins_withdraw(&origins, w[3]);
  salon_origins_withdraw(&origins, w[0]);
  salon_Exchange *last = waiting("http://a/");
  salon_origins_leave(&origins, x);
  the_next_is(w[2]);
  salon_origins_leave(&origins, w[2]);
  the_next_is(last);
  salon_origins_leave(&origins, last);
  the_next_is(NULL);
}

static void an_idle_origin_is_forgotten(void **state) {
  (void)state;
  config->max_per_origin = 1;
  salon_Exchange *a = running("http://a/"), *b = waiting("http://a/");
  salon_origins_withdraw(&origins, b);
  salon_origins_leave(&origins, a);
  for (int i = 0; i < SALON_ORIGIN_BUCKETS; i++)
    assert_null(origins.buckets[i]);
  assert_null(origins.turn_first);
  assert_null(origins.turn_last);
  assert_int_equal(origins.running, 0);
}

#define ORIGINS(name)                                                          \
  cmocka_unit_test_setup_teardown(name, setup_origins, teardown_origins)

int main(void) {
  const struct CMUnitTest tests[] = {
    ORIGINS(an_origin_has_so_many_slots),
    ORIGINS(there_are_so_many_slots_in_all),
    ORIGINS(origins_take_turns),
    ORIGINS(who_comes_later_stands_behind_those_who_wait),
    ORIGINS(who_withdraws_leaves_the_line_in_order),
    ORIGINS(an_idle_origin_is_forgotten),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
