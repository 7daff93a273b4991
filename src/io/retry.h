/* Whether a call is tried again, and after which pause; and whether its caller
** may make it again. Pure policy: no clock, no random source, no libcurl, no
** Lua; the engine brings the facts. All times are in seconds. */
#ifndef SALON_RETRY_H
#define SALON_RETRY_H

#include <stdbool.h>

typedef enum salon_RetryClass {
  SALON_RETRY_IDEMPOTENT, /* may arrive twice */
  SALON_RETRY_UNSENT,     /* again only if the request provably never left */
  SALON_RETRY_NEVER       /* once, come what may: passwords, refresh tokens */
} salon_RetryClass;

typedef struct salon_RetryPlan {
  salon_RetryClass class_;
  int max_tries;          /* all tries, the first included; more only where a
                          ** server that has answered before refuses */
  double base;            /* the longest first pause; doubles with each try */
  double cap;             /* the longest pause of our own choice */
  double retry_after_cap; /* a longer Retry-After ends the call */
  int repeat_status;      /* extra rule of any class: repeat this status ... */
  int repeat_max;         /* ... so many times; 0 for both = no such rule */
} salon_RetryPlan;

typedef struct salon_RetryInput {
  int tries;           /* made so far, >= 1 */
  int repeats;         /* of these, asked for by the extra rule */
  int status;          /* of the response; 0 = none came */
  bool unsent;         /* the request provably never left */
  bool transient;      /* without a response: may another try do better? */
  bool read;           /* the method changes nothing */
  bool patient;        /* refused by a server that has answered before */
  bool repeat_matches; /* the response's body is one the extra rule is for */
  double retry_after;  /* what the response asks for; < 0 = nothing */
  double now;
  double deadline; /* same clock as `now` */
  double random;   /* 0 to 1, fresh for each decision */
} salon_RetryInput;

/* The pause before the next try (> 0), or a negative number: stop. */
double salon_retry_decide(const salon_RetryPlan *plan,
                          const salon_RetryInput *in);

/* Is another try the extra rule's doing? Then it counts in `repeats`. */
bool salon_retry_is_repeat(const salon_RetryPlan *plan,
                           const salon_RetryInput *in);

/* Does the method change nothing? */
bool salon_retry_is_read(const char *method);

/* What a method allows when nobody says otherwise. */
salon_RetryClass salon_retry_class(const char *method);

/* May the caller make the same call again by itself, safely? By the method
** alone, whatever the plan says: after a response of this status, and after a
** call that had none and might have better luck. */
bool salon_retry_safe_status(const char *method, int status);
bool salon_retry_safe_loss(const char *method, bool unsent);

#endif
