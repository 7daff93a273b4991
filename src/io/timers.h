/* A binary heap of timers, earliest first. Each timer sits inside the object
** it belongs to and knows its place, so that moving or removing one costs
** O(log n). Holds borrowed pointers; frees nothing but its own array. */
#ifndef SALON_TIMERS_H
#define SALON_TIMERS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct salon_Timer {
  double at;    /* seconds on the clock of clock.h */
  size_t place; /* 1-based place in the heap; 0 = not in it */
} salon_Timer;

typedef struct salon_Timers {
  salon_Timer **heap; /* owned array of borrowed timers; slot 0 unused */
  size_t count;
  size_t room;
} salon_Timers;

/* Adds `t` or moves it to the new time; false when memory is short. */
bool salon_timers_set(salon_Timers *ts, salon_Timer *t, double at);
void salon_timers_remove(salon_Timers *ts, salon_Timer *t);
salon_Timer *salon_timers_first(const salon_Timers *ts); /* NULL if empty */
void salon_timers_free(salon_Timers *ts);

#endif
