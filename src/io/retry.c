/* See retry.h. Two rules that look alike stand here side by side: what salon
** repeats by itself (is_worth_it), and what a caller may repeat
** (salon_retry_safe_...), which is more, since the caller knows what the
** call does.
**
** Not to break: what may have reached the server and is not idempotent is never
** sent again, except where the extra rule of the plan says that this very
** response did nothing. */
#include "retry.h"

#include <stddef.h>
#include <string.h>

#define STOP (-1.0)

/* Keeps a plan without a base from spinning. */
static const double SHORTEST_PAUSE = 0.01;

/* Nobody looked at the request: a rate limit, and a server that gave up
** reading. */
static bool is_unprocessed(int status) {
  return status == 429 || status == 408;
}

/* A server or what stands before it has trouble that may pass: also the codes
** of nginx (499) and of a content network before the server (520 to 530). */
static bool is_trouble(int status) {
  return is_unprocessed(status) || status == 425 || status == 499 ||
         (status >= 502 && status <= 504) || status == 507 ||
         (status >= 520 && status <= 530);
}

bool salon_retry_is_repeat(const salon_RetryPlan *plan,
                           const salon_RetryInput *in) {
  return in->status != 0 && in->status == plan->repeat_status &&
         in->repeat_matches && in->repeats < plan->repeat_max;
}

static bool is_worth_it(const salon_RetryPlan *plan,
                        const salon_RetryInput *in) {
  if (salon_retry_is_repeat(plan, in)) return true;
  if (plan->class_ == SALON_RETRY_NEVER) return false;
  if (in->status == 0)
    return in->transient &&
           (in->unsent || plan->class_ == SALON_RETRY_IDEMPOTENT);
  if (in->status == 408) return true;
  if (in->status == 500) return in->read;
  return plan->class_ == SALON_RETRY_IDEMPOTENT && is_trouble(in->status);
}

/* How often is enough? A server that restarts is waited for as long as the
** call's deadline allows, but not by a call that is to be made once. */
static bool has_tries_left(const salon_RetryPlan *plan,
                           const salon_RetryInput *in) {
  if (in->tries < plan->max_tries) return true;
  return plan->max_tries > 1 && in->patient && in->unsent && in->status == 0;
}

/* Clients that failed together must not come back together: the pause is
** anywhere between a quarter and the whole of what has grown so far. */
static double own_pause(const salon_RetryPlan *plan,
                        const salon_RetryInput *in) {
  double ceiling = plan->base;
  for (int i = 1; i < in->tries && ceiling < plan->cap; i++) ceiling *= 2;
  if (ceiling > plan->cap) ceiling = plan->cap;
  if (ceiling < SHORTEST_PAUSE) ceiling = SHORTEST_PAUSE;
  return ceiling * (0.25 + 0.75 * in->random);
}

double salon_retry_decide(const salon_RetryPlan *plan,
                          const salon_RetryInput *in) {
  if (!has_tries_left(plan, in) || !is_worth_it(plan, in)) return STOP;
  if (in->retry_after > plan->retry_after_cap) return STOP;
  double pause = own_pause(plan, in);
  if (in->retry_after > 0) /* never earlier, nor everybody at once */
    pause = in->retry_after + plan->base * in->random;
  return in->now + pause < in->deadline ? pause : STOP;
}

static bool is_idempotent(const char *method) {
  static const char *const methods[] = {"GET", "HEAD", "PUT", "DELETE",
                                        "OPTIONS"};
  for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
    if (strcmp(method, methods[i]) == 0) return true;
  return false;
}

bool salon_retry_is_read(const char *method) {
  return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
         strcmp(method, "OPTIONS") == 0;
}

salon_RetryClass salon_retry_class(const char *method) {
  return is_idempotent(method) ? SALON_RETRY_IDEMPOTENT : SALON_RETRY_UNSENT;
}

bool salon_retry_safe_status(const char *method, int status) {
  if (is_unprocessed(status)) return true;
  return (is_trouble(status) || status == 500) && is_idempotent(method);
}

bool salon_retry_safe_loss(const char *method, bool unsent) {
  return unsent || is_idempotent(method);
}
