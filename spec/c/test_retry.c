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

static salon_RetryPlan plan_of(salon_RetryClass class_) {
  return (salon_RetryPlan){
    .class_ = class_,
    .max_tries = 4,
    .base = 0.25,
    .cap = 8,
    .retry_after_cap = 30,
  };
}

/* One try made, no response, connection lost after sending, time enough. */
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

static salon_RetryInput response(int status) {
  salon_RetryInput in = lost();
  in.transient = false;
  in.status = status;
  return in;
}

static bool repeats(salon_RetryClass class_, salon_RetryInput in) {
  salon_RetryPlan plan = plan_of(class_);
  return salon_retry_decide(&plan, &in) >= 0;
}

/* ---- which calls ---- */

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
    assert_true(repeats(SALON_RETRY_IDEMPOTENT, response(overload[i])));
    assert_false(repeats(SALON_RETRY_UNSENT, response(overload[i])));
    assert_false(repeats(SALON_RETRY_NEVER, response(overload[i])));
  }
}

/* Trouble that may pass, of a server or of what stands before it. */
static bool may_pass(int status) {
  static const int passing[] = {408, 425, 429, 499, 502, 503, 504, 507};
  for (size_t i = 0; i < COUNT(passing); i++)
    if (status == passing[i]) return true;
  return status >= 520 && status <= 530;
}

static void takes_every_other_status_for_the_result(void **state) {
  (void)state;
  for (int status = 100; status < 600; status++)
    assert_int_equal(repeats(SALON_RETRY_IDEMPOTENT, response(status)),
                     may_pass(status));
}

static void repeats_after_a_500_only_what_changes_nothing(void **state) {
  salon_RetryInput in = response(500);
  (void)state;
  assert_false(repeats(SALON_RETRY_IDEMPOTENT, in));
  in.read = true;
  assert_true(repeats(SALON_RETRY_IDEMPOTENT, in));
  assert_true(salon_retry_is_read("GET"));
  assert_false(salon_retry_is_read("DELETE"));
}

static void repeats_what_the_server_did_not_read(void **state) {
  (void)state;
  assert_true(repeats(SALON_RETRY_UNSENT, response(408)));
  assert_false(repeats(SALON_RETRY_NEVER, response(408)));
}

/* A server that restarts refuses for a while. */
static void waits_for_a_server_that_has_answered_before(void **state) {
  salon_RetryPlan plan = plan_of(SALON_RETRY_UNSENT);
  salon_RetryInput in = lost();
  (void)state;
  in.unsent = true;
  in.tries = plan.max_tries + 10;
  assert_true(salon_retry_decide(&plan, &in) < 0);
  in.patient = true;
  assert_true(salon_retry_decide(&plan, &in) > 0);
  in.deadline = in.now;
  assert_true(salon_retry_decide(&plan, &in) < 0);
  in.deadline = in.now + 1000;
  in.unsent = false;
  assert_true(salon_retry_decide(&plan, &in) < 0);
  in.unsent = true;
  plan.max_tries = 1;
  assert_true(salon_retry_decide(&plan, &in) < 0);
}

static void does_not_mistake_a_response_for_a_lost_call(void **state) {
  salon_RetryInput in = response(500);
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

/* ---- the extra rule ---- */

static void extra_rule_applies_to_every_class(void **state) {
  for (int class_ = SALON_RETRY_IDEMPOTENT; class_ <= SALON_RETRY_NEVER;
       class_++) {
    salon_RetryPlan plan = plan_of((salon_RetryClass)class_);
    salon_RetryInput in = response(409);
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
  salon_RetryInput in = response(400);
  (void)state;
  plan.repeat_status = 400;
  plan.repeat_max = 9;
  in.repeat_matches = true;
  in.tries = 4;
  assert_true(salon_retry_decide(&plan, &in) < 0);
}

static void no_extra_rule_is_not_a_rule_for_no_response(void **state) {
  salon_RetryPlan plan = plan_of(SALON_RETRY_NEVER);
  salon_RetryInput in = lost();
  (void)state;
  plan.repeat_max = 3;
  in.repeat_matches = true;
  assert_false(salon_retry_is_repeat(&plan, &in));
  assert_true(salon_retry_decide(&plan, &in) < 0);
}

/* ---- the pause ---- */

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
  salon_RetryInput in = response(503);
  (void)state;
  in.retry_after = 7;
  in.random = 0;
  assert_float_equal(salon_retry_decide(&plan, &in), 7, 1e-9);
  in.random = 1;
  assert_float_equal(salon_retry_decide(&plan, &in), 7.25, 1e-9);
}

static void chooses_its_own_pause_when_asked_for_none(void **state) {
  salon_RetryPlan plan = plan_of(SALON_RETRY_IDEMPOTENT);
  salon_RetryInput in = response(503);
  (void)state;
  in.retry_after = 0;
  in.random = 1;
  assert_float_equal(salon_retry_decide(&plan, &in), 0.25, 1e-9);
}

static void stops_when_retry_after_is_above_its_ceiling(void **state) {
  salon_RetryPlan plan = plan_of(SALON_RETRY_IDEMPOTENT);
  salon_RetryInput in = response(429);
  (void)state;
  in.retry_after = 30;
  assert_true(salon_retry_decide(&plan, &in) >= 30);
  in.retry_after = 30.5;
  assert_true(salon_retry_decide(&plan, &in) < 0);
}

static void retry_after_does_not_make_a_call_repeatable(void **state) {
  salon_RetryInput in = response(429);
  (void)state;
  in.retry_after = 1;
  assert_false(repeats(SALON_RETRY_UNSENT, in));
}

static void stops_when_the_pause_would_outlast_the_deadline(void **state) {
  salon_RetryPlan plan = plan_of(SALON_RETRY_IDEMPOTENT);
  salon_RetryInput in = response(503);
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

/* ---- methods ---- */

static void knows_which_methods_are_idempotent(void **state) {
  static const char *const yes[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};
  static const char *const no[] = {"POST", "PATCH", "", "get", "GETS"};
  (void)state;
  for (size_t i = 0; i < COUNT(yes); i++)
    assert_int_equal(salon_retry_class(yes[i]), SALON_RETRY_IDEMPOTENT);
  for (size_t i = 0; i < COUNT(no); i++)
    assert_int_equal(salon_retry_class(no[i]), SALON_RETRY_UNSENT);
}

/* ---- what the caller may repeat ---- */

static void a_caller_may_repeat_what_the_server_had_no_time_for(void **state) {
  (void)state;
  for (int status = 100; status < 600; status++) {
    bool passes = may_pass(status) || status == 500;
    assert_int_equal(salon_retry_safe_status("GET", status), passes);
    assert_int_equal(salon_retry_safe_status("DELETE", status), passes);
    assert_int_equal(salon_retry_safe_status("POST", status),
                     status == 429 || status == 408);
  }
}

static void a_caller_may_repeat_what_never_left_or_does_no_harm(void **state) {
  (void)state;
  assert_true(salon_retry_safe_loss("POST", true));
  assert_false(salon_retry_safe_loss("POST", false));
  assert_false(salon_retry_safe_loss("PATCH", false));
  assert_true(salon_retry_safe_loss("PUT", false));
}

static uint32_t next_random(void) {
  static uint32_t x = 123456789u;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return x;
}

/* Whatever the facts, a call that is not idempotent and may have arrived is
** not sent again, and no pause ends beyond the deadline. */
static void keeps_its_rules_whatever_the_facts_are(void **state) {
  static const int statuses[] = {0, 0, 0, 200, 401, 409, 408, 429, 500, 503};
  int again = 0;
  (void)state;
  for (int i = 0; i < 200000; i++) {
    salon_RetryPlan plan = plan_of((salon_RetryClass)(next_random() % 3));
    salon_RetryInput in = lost();
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
    double pause = salon_retry_decide(&plan, &in);
    if (pause < 0) continue;
    again++;
    assert_true(pause >= 0.0025 && in.now + pause < in.deadline);
    assert_true(pause >= in.retry_after && in.retry_after <= 30);
    assert_true(in.tries < plan.max_tries);
    if (salon_retry_is_repeat(&plan, &in)) continue;
    assert_true(plan.class_ != SALON_RETRY_NEVER);
    if (plan.class_ == SALON_RETRY_UNSENT)
      assert_true(in.status == 408 || (in.status == 0 && in.unsent));
  }
  assert_true(again > 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(repeats_a_lost_call_only_if_it_is_idempotent),
    cmocka_unit_test(repeats_an_unsent_call_unless_told_never),
    cmocka_unit_test(does_not_repeat_a_failure_that_would_come_again),
    cmocka_unit_test(repeats_an_overload_only_if_idempotent),
    cmocka_unit_test(takes_every_other_status_for_the_result),
    cmocka_unit_test(repeats_after_a_500_only_what_changes_nothing),
    cmocka_unit_test(repeats_what_the_server_did_not_read),
    cmocka_unit_test(waits_for_a_server_that_has_answered_before),
    cmocka_unit_test(does_not_mistake_a_response_for_a_lost_call),
    cmocka_unit_test(stops_after_the_last_try),
    cmocka_unit_test(extra_rule_applies_to_every_class),
    cmocka_unit_test(extra_rule_does_not_exceed_the_tries),
    cmocka_unit_test(no_extra_rule_is_not_a_rule_for_no_response),
    cmocka_unit_test(pause_doubles_up_to_its_cap),
    cmocka_unit_test(pause_is_scattered_and_never_zero),
    cmocka_unit_test(pause_is_never_zero_without_a_base_either),
    cmocka_unit_test(never_comes_back_before_retry_after),
    cmocka_unit_test(chooses_its_own_pause_when_asked_for_none),
    cmocka_unit_test(stops_when_retry_after_is_above_its_ceiling),
    cmocka_unit_test(retry_after_does_not_make_a_call_repeatable),
    cmocka_unit_test(stops_when_the_pause_would_outlast_the_deadline),
    cmocka_unit_test(knows_which_methods_are_idempotent),
    cmocka_unit_test(a_caller_may_repeat_what_the_server_had_no_time_for),
    cmocka_unit_test(a_caller_may_repeat_what_never_left_or_does_no_harm),
    cmocka_unit_test(keeps_its_rules_whatever_the_facts_are),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
