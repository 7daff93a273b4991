/* Slots per origin and in all: who runs, who waits, whose turn is next. */

#include "calls.h"

#include "io/origin.h"

static salon_Origins origins;
static salon_Exchange *made[256];
static int count;
static double now;

static int setup_origins(void **state) {
  memset(&origins, 0, sizeof(origins));
  count = 0;
  now = 1000;
  return setup(state);
}

static int teardown_origins(void **state) {
  while (count > 0) salon_exchange_unref(made[--count]);
  salon_origins_free(&origins);
  return teardown(state);
}

static salon_Exchange *at(const char *url) {
  return made[count++] = make("GET", url, NULL);
}

static salon_Exchange *running(const char *url) {
  salon_Exchange *x = at(url);
  assert_true(salon_origins_enter(&origins, x, now));
  return x;
}

static salon_Exchange *waiting(const char *url) {
  salon_Exchange *x = at(url);
  assert_false(salon_origins_enter(&origins, x, now));
  return x;
}

static void the_next_is(const salon_Exchange *x) {
  assert_ptr_equal(salon_origins_next(&origins, now), x);
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
  salon_origins_leave(&origins, a, now);
  the_next_is(b);
  the_next_is(NULL);
  salon_origins_leave(&origins, b, now);
  the_next_is(c);
}

static void there_are_so_many_slots_in_all(void **state) {
  (void)state;
  config->max_in_flight = 1;
  salon_Exchange *a = running("http://a/"), *b = waiting("http://b/");
  the_next_is(NULL);
  salon_origins_leave(&origins, a, now);
  the_next_is(b);
  assert_int_equal(origins.running, 1);
}

/* `n` that run; the last of them. */
static salon_Exchange *burst(const char *url, int n) {
  for (int i = 1; i < n; i++) running(url);
  return running(url);
}

static void one_goes_ahead_to_open_a_connection(void **state) {
  (void)state;
  salon_Exchange *ahead = burst("https://a/", 101);
  salon_Exchange *b = waiting("https://a/"), *c = waiting("https://a/");
  the_next_is(NULL);
  ahead->opened = ahead->sent = true;
  the_next_is(b);
  the_next_is(c);
  burst("https://a/", 201 - 103);
  waiting("https://a/");
}

static void another_goes_when_the_first_found_a_place(void **state) {
  (void)state;
  salon_Exchange *ahead = burst("https://a/", 101);
  salon_Exchange *b = waiting("https://a/");
  waiting("https://a/");
  ahead->sent = true;
  the_next_is(b);
  the_next_is(NULL);
}

static void another_goes_when_the_first_does_not_get_there(void **state) {
  (void)state;
  salon_Exchange *ahead = burst("https://a/", 101);
  salon_Exchange *b = waiting("https://a/");
  waiting("https://a/");
  salon_origins_leave(&origins, ahead, now);
  the_next_is(b);
  the_next_is(NULL);
}

static void nobody_goes_ahead_where_there_is_no_http2(void **state) {
  (void)state;
  burst("http://a/", 150);
  config->http_version = SALON_HTTP_1_1;
  burst("https://a/", 100);
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
    salon_origins_leave(&origins, x, now);
    the_next_is(x = order[i]);
  }
}

/* It may neither overtake those that wait nor block other origins. */
static void who_comes_later_stands_behind_those_who_wait(void **state) {
  (void)state;
  config->max_per_origin = 1;
  salon_Exchange *a = running("http://a/"), *b = waiting("http://a/");
  salon_origins_leave(&origins, a, now);
  salon_Exchange *c = waiting("http://a/");
  running("http://b/");
  the_next_is(b);
  the_next_is(NULL);
  salon_origins_leave(&origins, b, now);
  the_next_is(c);
}

static void who_withdraws_leaves_the_line_in_order(void **state) {
  (void)state;
  config->max_per_origin = 1;
  salon_Exchange *x = running("http://a/"), *w[4];
  for (int i = 0; i < 4; i++) w[i] = waiting("http://a/");
  salon_origins_withdraw(&origins, w[1], now);
  salon_origins_withdraw(&origins, w[3], now);
  salon_origins_withdraw(&origins, w[0], now);
  salon_Exchange *last = waiting("http://a/");
  salon_origins_leave(&origins, x, now);
  the_next_is(w[2]);
  salon_origins_leave(&origins, w[2], now);
  the_next_is(last);
  salon_origins_leave(&origins, last, now);
  the_next_is(NULL);
}

static void an_idle_origin_is_forgotten(void **state) {
  (void)state;
  config->max_per_origin = 1;
  salon_Exchange *a = running("http://a/"), *b = waiting("http://a/");
  salon_origins_withdraw(&origins, b, now);
  salon_origins_leave(&origins, a, now);
  for (int i = 0; i < SALON_ORIGIN_BUCKETS; i++)
    assert_null(origins.buckets[i]);
  assert_null(origins.turns.first);
  assert_null(origins.turns.last);
  assert_int_equal(origins.running, 0);
}

/* ---- how many begin in a second ---- */

static void so_many_begin_in_a_second(void **state) {
  (void)state;
  config->max_rate = 10;
  running("http://a/");
  salon_Exchange *a = waiting("http://a/"), *b = waiting("http://a/");
  the_next_is(NULL);
  assert_true(salon_origins_when(&origins) - 1000.1 < 1e-6);
  now = 1000.09;
  the_next_is(NULL);
  now = 1000.101;
  the_next_is(a);
  the_next_is(NULL);
  now = 1000.2001; /* being late by a millisecond costs nothing */
  the_next_is(b);
}

static void idleness_earns_no_burst(void **state) {
  (void)state;
  config->max_rate = 10;
  salon_origins_leave(&origins, running("http://a/"), now);
  now += 60;
  running("http://a/");
  waiting("http://a/");
  assert_true(salon_origins_when(&origins) > 1060.09);
}

static void the_rate_is_remembered_while_nothing_runs(void **state) {
  (void)state;
  config->max_rate = 10;
  salon_origins_leave(&origins, running("http://a/"), now);
  salon_Exchange *x = waiting("http://a/");
  salon_origins_withdraw(&origins, x, now);
  running("http://b/"); /* a new origin: the idle ones are looked through */
  waiting("http://a/");
}

static void who_waits_for_a_slot_has_no_moment(void **state) {
  (void)state;
  config->max_rate = 10;
  config->max_per_origin = 1;
  assert_true(salon_origins_when(&origins) < 0);
  salon_Exchange *x = running("http://a/");
  waiting("http://a/");
  assert_true(salon_origins_when(&origins) < 0);
  salon_origins_leave(&origins, x, now);
  assert_true(salon_origins_when(&origins) > now);
}

/* ---- how many may be repeats ---- */

static int affordable(salon_Exchange *x) {
  int n = 0;
  while (n < 5000 && salon_origins_spend(x, now)) n++;
  return n;
}

static void repeats_come_out_of_a_budget(void **state) {
  (void)state;
  config->retry_reserve = 5;
  salon_Exchange *x = running("http://a/");
  assert_int_equal(affordable(x), 5); /* and the fifth of one paid in */
  assert_true(salon_origins_spend(running("http://b/"), now));
}

static void every_call_pays_in_but_repeats_do_not(void **state) {
  (void)state;
  config->retry_reserve = 0;
  salon_Exchange *x = NULL;
  for (int i = 0; i < 20; i++) x = running("http://a/");
  assert_int_equal(affordable(x), 4);
  for (int i = 0; i < 20; i++) {
    x = at("http://a/");
    x->attempts = 1;
    salon_origins_enter(&origins, x, now);
  }
  assert_int_equal(affordable(x), 0);
}

static void the_budget_comes_back_with_time(void **state) {
  (void)state;
  config->retry_reserve = 50;
  salon_Exchange *x = running("http://a/");
  affordable(x);
  now += 1;
  assert_int_equal(affordable(x), 10);
  now += 3600;
  assert_int_equal(affordable(x), 50);
}

static void a_used_up_budget_is_remembered_until_it_is_back(void **state) {
  (void)state;
  config->retry_reserve = 50;
  salon_Exchange *x = running("http://a/");
  affordable(x);
  salon_origins_leave(&origins, x, now);
  x = running("http://a/");
  assert_int_equal(affordable(x), 0);
  salon_origins_leave(&origins, x, now);
  now += 3600;
  x = running("http://b/"); /* a new origin: the idle ones are looked through */
  salon_origins_leave(&origins, x, now);
  for (int i = 0; i < SALON_ORIGIN_BUCKETS; i++)
    assert_null(origins.buckets[i]);
}

#define ORIGINS(name)                                                          \
  cmocka_unit_test_setup_teardown(name, setup_origins, teardown_origins)

int main(void) {
  const struct CMUnitTest tests[] = {
    ORIGINS(an_origin_has_so_many_slots),
    ORIGINS(there_are_so_many_slots_in_all),
    ORIGINS(one_goes_ahead_to_open_a_connection),
    ORIGINS(another_goes_when_the_first_found_a_place),
    ORIGINS(another_goes_when_the_first_does_not_get_there),
    ORIGINS(nobody_goes_ahead_where_there_is_no_http2),
    ORIGINS(origins_take_turns),
    ORIGINS(who_comes_later_stands_behind_those_who_wait),
    ORIGINS(who_withdraws_leaves_the_line_in_order),
    ORIGINS(an_idle_origin_is_forgotten),
    ORIGINS(so_many_begin_in_a_second),
    ORIGINS(idleness_earns_no_burst),
    ORIGINS(the_rate_is_remembered_while_nothing_runs),
    ORIGINS(who_waits_for_a_slot_has_no_moment),
    ORIGINS(repeats_come_out_of_a_budget),
    ORIGINS(every_call_pays_in_but_repeats_do_not),
    ORIGINS(the_budget_comes_back_with_time),
    ORIGINS(a_used_up_budget_is_remembered_until_it_is_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
