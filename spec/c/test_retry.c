/* What retry.c promises, by name. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/retry.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const double NOW_UNIX = 1795320000; /* 2026-11-22 04:00:00 UTC */

static salon_RetryPlan plan_of(salon_RetryClass class_) {
  return (salon_RetryPlan){
    .class_ = class_,
    .max_tries = 4,
    .base = 0.25,
    .cap = 8,
    .retry_after_cap = 30,
  };
}

/* One try made, no answer, connection lost after sending, time enough. */
static salon_RetryInput lost(void) {
  return (salon_RetryInput){
    .tries = 1,
    .transient = true,
    .retry_after = -1,
    .now = 1000,
    .deadline = 2000,
    .random = 0.5,
  };
}

static salon_RetryInput unsent(void) {
  salon_RetryInput in = lost();
  in.unsent = true;
  return in;
}

static salon_RetryInput answer(int status) {
  salon_RetryInput in = lost();
  in.transient = false;
  in.status = status;
  return in;
}

static bool repeats(salon_RetryClass class_, salon_RetryInput in) {
  salon_RetryPlan plan = plan_of(class_);
  return salon_retry_decide(&plan, &in) >= 0;
}

/* -- which calls -- */

static void repeats_a_lost_call_only_if_it_is_idempotent(void **state) {
  (void)state;
  assert_true(repeats(SALON_RETRY_IDEMPOTENT, lost()));
  assert_false(repeats(SALON_RETRY_UNSENT, lost()));
  assert_false(repeats(SALON_RETRY_NEVER, lost()));
}

static void repeats_an_unsent_call_unless_told_never(void **state) {
  (void)state;
  assert_true(repeats(SALON_RETRY_IDEMPOTENT, unsent()));
  assert_true(repeats(SALON_RETRY_UNSENT, unsent()));
  assert_false(repeats(SALON_RETRY_NEVER, unsent()));
}

static void does_not_repeat_a_failure_that_would_come_again(void **state) {
  salon_RetryInput in = unsent();
  (void)state;
  in.transient = false;
  assert_false(repeats(SALON_RETRY_IDEMPOTENT, in));
  assert_false(repeats(SALON_RETRY_UNSENT, in));
}

static void repeats_an_overload_only_if_idempotent(void **state) {
  static const int overload[] = {429, 502, 503, 504};
  (void)state;
  for (size_t i = 0; i < COUNT(overload); i++) {
    assert_true(repeats(SALON_RETRY_IDEMPOTENT, answer(overload[i])));
    assert_false(repeats(SALON_RETRY_UNSENT, answer(overload[i])));
    assert_false(repeats(SALON_RETRY_NEVER, answer(overload[i])));
  }
}

static void takes_every_other_status_for_the_answer(void **state) {
  (void)state;
  for (int status = 100; status < 600; status++)
    if (status != 429 && status != 502 && status != 503 && status != 504)
      assert_false(repeats(SALON_RETRY_IDEMPOTENT, answer(status)));
}

static void does_not_mistake_an_answer_for_a_lost_call(void **state) {
  salon_RetryInput in = answer(500);
  (void)state;
  in.transient = in.unsent = true;
  assert_false(repeats(SALON_RETRY_IDEMPOTENT, in));
}

static void stops_after_the_last_try(void **state) {
  salon_RetryInput in = lost();
  (void)state;
  in.tries = 3;
  assert_true(repeats(SALON_RETRY_IDEMPOTENT, in));
  in.tries = 4;
  assert_false(repeats(SALON_RETRY_IDEMPOTENT, in));
  in.tries = 5;
  assert_false(repeats(SALON_RETRY_IDEMPOTENT, in));
}

/* -- the extra rule -- */

static void extra_rule_applies_to_every_class(void **state) {
  for (int class_ = SALON_RETRY_IDEMPOTENT; class_ <= SALON_RETRY_NEVER;
       class_++) {
    salon_RetryPlan plan = plan_of((salon_RetryClass)class_);
    salon_RetryInput in = answer(409);
    plan.repeat_status = 409;
    plan.repeat_max = 1;
    assert_false(salon_retry_is_repeat(&plan, &in));
    assert_true(salon_retry_decide(&plan, &in) < 0); /* body is another's */
    in.repeat_matches = true;
    assert_true(salon_retry_is_repeat(&plan, &in));
    assert_true(salon_retry_decide(&plan, &in) > 0);
    in.repeats = 1;
    assert_false(salon_retry_is_repeat(&plan, &in));
    assert_true(salon_retry_decide(&plan, &in) < 0);
  }
  (void)state;
}

static void extra_rule_does_not_exceed_the_tries(void **state) {
  salon_RetryPlan plan = plan_of(SALON_RETRY_UNSENT);
  salon_RetryInput in = answer(400);
  (void)state;
  plan.repeat_status = 400;
  plan.repeat_max = 9;
  in.repeat_matches = true;
  in.tries = 4;
  assert_true(salon_retry_decide(&plan, &in) < 0);
}

static void no_extra_rule_is_not_a_rule_for_no_answer(void **state) {
  salon_RetryPlan plan = plan_of(SALON_RETRY_NEVER);
  salon_RetryInput in = lost();
  (void)state;
  plan.repeat_max = 3;
  in.repeat_matches = true;
  assert_false(salon_retry_is_repeat(&plan, &in));
  assert_true(salon_retry_decide(&plan, &in) < 0);
}

/* -- the pause -- */

static double pause_after(int tries, double random) {
  salon_RetryPlan plan = plan_of(SALON_RETRY_IDEMPOTENT);
  salon_RetryInput in = lost();
  plan.max_tries = 1000;
  in.tries = tries;
  in.random = random;
  return salon_retry_decide(&plan, &in);
}

static void pause_doubles_up_to_its_cap(void **state) {
  static const double longest[] = {0.25, 0.5, 1, 2, 4, 8, 8, 8};
  (void)state;
  for (int i = 0; i < (int)COUNT(longest); i++)
    assert_float_equal(pause_after(i + 1, 1), longest[i], 1e-9);
  assert_float_equal(pause_after(999, 1), 8, 1e-9);
}

static void pause_is_scattered_and_never_zero(void **state) {
  (void)state;
  assert_float_equal(pause_after(1, 0), 0.0625, 1e-9);
  assert_float_equal(pause_after(6, 0), 2, 1e-9);
  assert_true(pause_after(3, 0.2) < pause_after(3, 0.7));
}

static void pause_is_never_zero_without_a_base_either(void **state) {
  salon_RetryPlan plan = plan_of(SALON_RETRY_IDEMPOTENT);
  salon_RetryInput in = lost();
  (void)state;
  plan.base = plan.cap = in.random = 0;
  assert_true(salon_retry_decide(&plan, &in) > 0.002);
}

static void never_comes_back_before_retry_after(void **state) {
  salon_RetryPlan plan = plan_of(SALON_RETRY_IDEMPOTENT);
  salon_RetryInput in = answer(503);
  (void)state;
  in.retry_after = 7;
  in.random = 0;
  assert_float_equal(salon_retry_decide(&plan, &in), 7, 1e-9);
  in.random = 1;
  assert_float_equal(salon_retry_decide(&plan, &in), 7.25, 1e-9);
}

static void chooses_its_own_pause_when_asked_for_none(void **state) {
  salon_RetryPlan plan = plan_of(SALON_RETRY_IDEMPOTENT);
  salon_RetryInput in = answer(503);
  (void)state;
  in.retry_after = 0;
  in.random = 1;
  assert_float_equal(salon_retry_decide(&plan, &in), 0.25, 1e-9);
}

static void stops_when_retry_after_is_above_its_ceiling(void **state) {
  salon_RetryPlan plan = plan_of(SALON_RETRY_IDEMPOTENT);
  salon_RetryInput in = answer(429);
  (void)state;
  in.retry_after = 30;
  assert_true(salon_retry_decide(&plan, &in) >= 30);
  in.retry_after = 30.5;
  assert_true(salon_retry_decide(&plan, &in) < 0);
}

static void retry_after_does_not_make_a_call_repeatable(void **state) {
  salon_RetryInput in = answer(429);
  (void)state;
  in.retry_after = 1;
  assert_false(repeats(SALON_RETRY_UNSENT, in));
}

static void stops_when_the_pause_would_outlast_the_deadline(void **state) {
  salon_RetryPlan plan = plan_of(SALON_RETRY_IDEMPOTENT);
  salon_RetryInput in = answer(503);
  (void)state;
  in.random = 1;
  in.deadline = in.now + 0.25;
  assert_true(salon_retry_decide(&plan, &in) < 0);
  in.deadline = in.now + 0.26;
  assert_true(salon_retry_decide(&plan, &in) > 0);
  in.retry_after = 3;
  assert_true(salon_retry_decide(&plan, &in) < 0);
  in.deadline = in.now - 1;
  in.retry_after = -1;
  assert_true(salon_retry_decide(&plan, &in) < 0);
}

/* -- methods -- */

static void knows_which_methods_are_idempotent(void **state) {
  static const char *const yes[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};
  static const char *const no[] = {"POST", "PATCH", "", "get", "GETS"};
  (void)state;
  for (size_t i = 0; i < COUNT(yes); i++)
    assert_int_equal(salon_retry_class(yes[i]), SALON_RETRY_IDEMPOTENT);
  for (size_t i = 0; i < COUNT(no); i++)
    assert_int_equal(salon_retry_class(no[i]), SALON_RETRY_UNSENT);
}

/* -- Retry-After -- */

static void assert_wait(const char *text, double want) {
  double got = salon_retry_after(text, NOW_UNIX);
  if (got < want - 1e-6 || got > want + 1e-6)
    fail_msg("\"%s\": wanted %f, got %f", text, want, got);
}

static void reads_seconds(void **state) {
  (void)state;
  assert_wait("0", 0);
  assert_wait("7", 7);
  assert_wait("  120\t ", 120);
  assert_wait("007", 7);
}

static void reads_absurdly_many_seconds_as_very_long(void **state) {
  char digits[4096];
  (void)state;
  assert_wait("99999999999999999999999999", 1e9);
  memset(digits, '9', sizeof(digits) - 1);
  digits[sizeof(digits) - 1] = '\0';
  assert_wait(digits, 1e9);
}

static void reads_the_three_forms_of_a_date(void **state) {
  (void)state;
  assert_wait("Sun, 22 Nov 2026 04:00:30 GMT", 30);
  assert_wait("Sunday, 22-Nov-26 04:00:30 GMT", 30);
  assert_wait("Sun Nov 22 04:00:30 2026", 30);
  assert_wait("Wed Dec  2 04:00:00 2026", 864000);
  assert_wait(" Sun, 22 Nov 2026 04:00:30 GMT ", 30);
}

static void counts_days_as_the_calendar_does(void **state) {
  static const struct {
    const char *text;
    double unix_time;
  } dates[] = {
    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
    {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
    {"Tue, 29 Feb 2000 23:59:59 GMT", 951868799},
    {"Wed, 01 Mar 2000 00:00:00 GMT", 951868800},
    {"Fri, 28 Feb 2025 00:00:00 GMT", 1740700800},
    {"Sat, 01 Mar 2025 00:00:00 GMT", 1740787200},
    {"Thu, 31 Dec 2026 23:59:60 GMT", 1798761600},
    {"Mon, 01 Mar 2100 00:00:00 GMT", 4107542400},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(dates); i++) {
    double start = dates[i].unix_time - 5;
    assert_float_equal(salon_retry_after(dates[i].text, start), 5, 1e-6);
  }
}

static void takes_a_past_date_for_now(void **state) {
  (void)state;
  assert_wait("Sun, 22 Nov 2026 03:59:59 GMT", 0);
  assert_wait("Sun, 06 Nov 1994 08:49:37 GMT", 0);
  assert_wait("Sunday, 06-Nov-94 08:49:37 GMT", 0);
}

static void takes_a_short_year_for_the_nearest(void **state) {
  (void)state;
  assert_wait("Sunday, 06-Nov-77 08:49:37 GMT", 0);   /* 1977 */
  assert_wait("Friday, 06-Nov-76 08:49:37 GMT", 1e9); /* 2076 */
}

static void a_date_in_the_far_future_is_very_long(void **state) {
  (void)state;
  assert_wait("Fri, 31 Dec 9999 23:59:59 GMT", 1e9);
}

static void takes_nonsense_for_nothing_said(void **state) {
  static const char *const nonsense[] = {
    "",
    " ",
    "soon",
    "-1",
    "+1",
    "1.5",
    "1e3",
    "0x10",
    "7s",
    "7, 8",
    "7 8",
    "Sun, 22 Nov 2026 04:00:30",
    "Sun, 22 Nov 2026 04:00:30 CET",
    "Sun, 22 Nov 2026 04:00:30 GMTx",
    "Sun, 22 Nov 2026 04:00:30 GMT, 7",
    "Sun, 00 Nov 2026 04:00:30 GMT",
    "Sun, 32 Nov 2026 04:00:30 GMT",
    "Sun, 22 nov 2026 04:00:30 GMT",
    "Sun, 22 ovD 2026 04:00:30 GMT",
    "Sun, 22 No 2026 04:00:30 GMT",
    "Sun, 22 Nov 2026 24:00:00 GMT",
    "Sun, 22 Nov 2026 04:60:00 GMT",
    "Sun, 22 Nov 2026 04:00:61 GMT",
    "Sun, 22 Nov -026 04:00:30 GMT",
    "Sun, -2 Nov 2026 04:00:30 GMT",
    "Sun, 22 Nov 2026 -4:00:30 GMT",
    "22 Nov 2026 04:00:30 GMT",
    "Sun Nov 22 04:00:30 2026 GMT",
    "2026-11-22T04:00:30Z",
    "Sun",
    "Sun,",
  };
  (void)state;
  for (size_t i = 0; i < COUNT(nonsense); i++) assert_wait(nonsense[i], -1);
}

static uint32_t next_random(void) {
  static uint32_t x = 123456789u;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return x;
}

static void survives_any_retry_after(void **state) {
  static const char seed[] = "Sun, 22 Nov 2026 04:00:30 GMT";
  static const char letters[] = "0123456789:-, \tGMTSunNov\xFF";
  (void)state;
  for (int i = 0; i < 200000; i++) {
    char *text = strdup(seed);
    double wait;
    for (int j = next_random() % 6; j > 0; j--)
      text[next_random() % (sizeof(seed) - 1)] =
        letters[next_random() % sizeof(letters)];
    wait = salon_retry_after(text, NOW_UNIX);
    assert_true(wait == -1 || (wait >= 0 && wait <= 1e9));
    free(text);
  }
}

/* Whatever the facts, a call that is not idempotent and may have arrived is
** not sent again, and no pause ends beyond the deadline. */
static void keeps_its_word_in_any_weather(void **state) {
  static const int statuses[] = {0, 0, 0, 200, 401, 409, 429, 500, 503};
  int again = 0;
  (void)state;
  for (int i = 0; i < 200000; i++) {
    salon_RetryPlan plan = plan_of((salon_RetryClass)(next_random() % 3));
    salon_RetryInput in = lost();
    double pause;
    plan.repeat_status = next_random() % 2 ? 409 : 0;
    plan.repeat_max = (int)(next_random() % 3);
    in.tries = 1 + (int)(next_random() % 5);
    in.repeats = (int)(next_random() % 3);
    in.status = statuses[next_random() % COUNT(statuses)];
    in.unsent = next_random() % 2;
    in.transient = next_random() % 2;
    in.repeat_matches = next_random() % 2;
    in.retry_after = (double)(next_random() % 50) - 10;
    in.deadline = in.now + next_random() % 40;
    in.random = (next_random() % 1001) / 1000.0;
    pause = salon_retry_decide(&plan, &in);
    if (pause < 0) continue;
    again++;
    assert_true(pause >= 0.0025 && in.now + pause < in.deadline);
    assert_true(pause >= in.retry_after && in.retry_after <= 30);
    assert_true(in.tries < plan.max_tries);
    if (salon_retry_is_repeat(&plan, &in)) continue;
    assert_true(plan.class_ != SALON_RETRY_NEVER);
    if (plan.class_ == SALON_RETRY_UNSENT)
      assert_true(in.status == 0 && in.unsent);
  }
  assert_true(again > 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(repeats_a_lost_call_only_if_it_is_idempotent),
    cmocka_unit_test(repeats_an_unsent_call_unless_told_never),
    cmocka_unit_test(does_not_repeat_a_failure_that_would_come_again),
    cmocka_unit_test(repeats_an_overload_only_if_idempotent),
    cmocka_unit_test(takes_every_other_status_for_the_answer),
    cmocka_unit_test(does_not_mistake_an_answer_for_a_lost_call),
    cmocka_unit_test(stops_after_the_last_try),
    cmocka_unit_test(extra_rule_applies_to_every_class),
    cmocka_unit_test(extra_rule_does_not_exceed_the_tries),
    cmocka_unit_test(no_extra_rule_is_not_a_rule_for_no_answer),
    cmocka_unit_test(pause_doubles_up_to_its_cap),
    cmocka_unit_test(pause_is_scattered_and_never_zero),
    cmocka_unit_test(pause_is_never_zero_without_a_base_either),
    cmocka_unit_test(never_comes_back_before_retry_after),
    cmocka_unit_test(chooses_its_own_pause_when_asked_for_none),
    cmocka_unit_test(stops_when_retry_after_is_above_its_ceiling),
    cmocka_unit_test(retry_after_does_not_make_a_call_repeatable),
    cmocka_unit_test(stops_when_the_pause_would_outlast_the_deadline),
    cmocka_unit_test(knows_which_methods_are_idempotent),
    cmocka_unit_test(reads_seconds),
    cmocka_unit_test(reads_absurdly_many_seconds_as_very_long),
    cmocka_unit_test(reads_the_three_forms_of_a_date),
    cmocka_unit_test(counts_days_as_the_calendar_does),
    cmocka_unit_test(takes_a_past_date_for_now),
    cmocka_unit_test(takes_a_short_year_for_the_nearest),
    cmocka_unit_test(a_date_in_the_far_future_is_very_long),
    cmocka_unit_test(takes_nonsense_for_nothing_said),
    cmocka_unit_test(survives_any_retry_after),
    cmocka_unit_test(keeps_its_word_in_any_weather),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
