/* The ceilings: how many calls run at a time at one origin and in all, how many
** begin in a second, how many may be repeats; and who waits for a slot, first
** come first served, with the origins taking turns. For the I/O thread only.
** Holds borrowed exchanges; an origin lives as long as something refers to it
** or is to be remembered of it. All times are on the clock of clock.h. */
#ifndef SALON_ORIGIN_H
#define SALON_ORIGIN_H

#include <stdbool.h>

#include "exchange.h"

typedef struct salon_Origin {
  salon_Node turn; /* first; in the order of origins with waiters */
  int running;
  int streams;            /* that its connections hold, as far as is known */
  salon_Exchange *opener; /* opens the next connection; NULL = none does */
  double open_at; /* when the next one may begin, by the calls' max_rate */
  double budget;  /* repeats it can bear, as of `counted` */
  double counted;
  double reserve;     /* what the budget comes back to by itself */
  salon_List waiting; /* exchanges, first come first served */
  struct salon_Origin *bucket_next; /* in the table */
  uint32_t hash;                    /* of key */
  char key[];                       /* "https://host:port" */
} salon_Origin;

enum { SALON_ORIGIN_BUCKETS = 64 };

typedef struct salon_Origins {
  salon_Origin *buckets[SALON_ORIGIN_BUCKETS];
  salon_List turns; /* origins with waiters, the one whose turn is next first */
  int running;      /* in all */
} salon_Origins;

/* Takes a slot for `x`: true = it may run now, false = it waits (x->origin
** says where); on no memory it runs without being counted. */
bool salon_origins_enter(salon_Origins *os, salon_Exchange *x, double now);
void salon_origins_leave(salon_Origins *os, salon_Exchange *x, double now);

/* Takes a waiting exchange out of its line (cancelled, out of time). */
void salon_origins_withdraw(salon_Origins *os, salon_Exchange *x, double now);

/* The next waiting exchange that may run now, its slot taken; or NULL. */
salon_Exchange *salon_origins_next(salon_Origins *os, double now);

/* When one that waits for nothing but the rate may run; < 0 = none does. */
double salon_origins_when(const salon_Origins *os);

/* Takes one repeat of `x`, which holds a slot, out of its origin's budget;
** false = it is used up: an outage is not to be made worse. */
bool salon_origins_spend(salon_Exchange *x, double now);

void salon_origins_free(salon_Origins *os);

#endif
