/* retry.c - whether a call is tried again, and after which pause.
**
** The one thing not to break: what may have reached the server and is not
** idempotent is never sent again, except where the extra rule of the plan
** says that this very response did nothing. */

#include "retry.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define STOP (-1.0)

/* Keeps a plan without a base from spinning. */
static const double SHORTEST_PAUSE = 0.01;

/* "Never" and a number too long to read come to the same. */
static const double LONGEST_WAIT = 1e9;

static bool is_overload(int status) {
  return status == 429 || (status >= 502 && status <= 504);
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
  return plan->class_ == SALON_RETRY_IDEMPOTENT && is_overload(in->status);
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
  double pause;
  if (in->tries >= plan->max_tries || !is_worth_it(plan, in)) return STOP;
  if (in->retry_after > plan->retry_after_cap) return STOP;
  pause = own_pause(plan, in);
  if (in->retry_after > 0) /* never earlier, nor everybody at once */
    pause = in->retry_after + plan->base * in->random;
  return in->now + pause < in->deadline ? pause : STOP;
}

salon_RetryClass salon_retry_class(const char *method) {
  static const char *const idempotent[] = {"GET", "HEAD", "PUT", "DELETE",
                                           "OPTIONS"};
  for (size_t i = 0; i < sizeof(idempotent) / sizeof(*idempotent); i++)
    if (strcmp(method, idempotent[i]) == 0) return SALON_RETRY_IDEMPOTENT;
  return SALON_RETRY_UNSENT;
}

/* -- Retry-After -- */

static double read_seconds(const char *text) {
  double seconds = 0;
  if (*text < '0' || *text > '9') return -1;
  for (; *text >= '0' && *text <= '9'; text++)
    if (seconds < LONGEST_WAIT) seconds = seconds * 10 + (*text - '0');
  text += strspn(text, " \t");
  if (*text != '\0') return -1;
  return seconds < LONGEST_WAIT ? seconds : LONGEST_WAIT;
}

typedef struct Date {
  int year, month, day, hour, minute, second;
} Date;

/* Days from 1970-01-01. Years begin in March, so that the leap day is the
** last one: 153 days are five months, 146097 days are 400 years. */
static double days_since_1970(const Date *d) {
  int year = d->month > 2 ? d->year : d->year - 1;
  int month = d->month > 2 ? d->month - 3 : d->month + 9;
  return 365.0 * year + year / 4 - year / 100 + year / 400 +
         (153 * month + 2) / 5 + d->day - 1 - 719468;
}

static double to_unix(const Date *d) {
  return days_since_1970(d) * 86400 + d->hour * 3600 + d->minute * 60 +
         d->second;
}

static int month_number(const char *name) {
  static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const char *found = strlen(name) == 3 ? strstr(names, name) : NULL;
  return found != NULL && (found - names) % 3 == 0
           ? (int)(found - names) / 3 + 1
           : 0;
}

static bool is_date(const Date *d) {
  return d->year >= 1 && d->month >= 1 && d->day >= 1 && d->day <= 31 &&
         d->hour >= 0 && d->hour <= 23 && d->minute >= 0 && d->minute <= 59 &&
         d->second >= 0 && d->second <= 60;
}

/* The forms of RFC 9110, 5.6.7. A form fits if its %n was reached and nothing
** follows. (strptime would want the month names of the locale.) */
static bool read_date(const char *text, double now_unix, double *when) {
  Date d;
  char month[4];
  int n = 0;
  bool short_year = false;
#define DATE &d.day, month, &d.year
#define TIME &d.hour, &d.minute, &d.second
  sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT %n", DATE, TIME,
         &n);
  if (n == 0) {
    sscanf(text, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT %n", DATE,
           TIME, &n);
    short_year = n != 0;
  }
  if (n == 0)
    sscanf(text, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d %n", month, &d.day,
           TIME, &d.year, &n);
#undef DATE
#undef TIME
  if (n == 0 || text[n] != '\0') return false;
  d.month = month_number(month);
  if (short_year) d.year += 2000;
  if (!is_date(&d)) return false;
  *when = to_unix(&d);
  if (short_year && *when > now_unix + 50 * 365.25 * 86400) {
    d.year -= 100; /* as the RFC has it: nobody means half a century ahead */
    *when = to_unix(&d);
  }
  return true;
}

double salon_retry_after(const char *text, double now_unix) {
  double when;
  text += strspn(text, " \t");
  if (!read_date(text, now_unix, &when)) return read_seconds(text);
  if (when - now_unix > LONGEST_WAIT) return LONGEST_WAIT;
  return when > now_unix ? when - now_unix : 0;
}
