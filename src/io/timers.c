/* See timers.h. The children of place i are at 2i and 2i + 1. Not to break:
** whoever moves a timer in the array writes its new place into it. */
#include "timers.h"

#include <stdlib.h>

static void put(salon_Timers *ts, size_t i, salon_Timer *t) {
  ts->heap[i] = t;
  t->place = i;
}

/* Each moves a gap from place `i` to where `t` fits, and puts it there. */
static void rise(salon_Timers *ts, size_t i, salon_Timer *t) {
  while (i > 1 && ts->heap[i / 2]->at > t->at) {
    put(ts, i, ts->heap[i / 2]);
    i /= 2;
  }
  put(ts, i, t);
}

static void sink(salon_Timers *ts, size_t i, salon_Timer *t) {
  for (;;) {
    size_t child = 2 * i;
    if (child > ts->count) break;
    if (child < ts->count && ts->heap[child + 1]->at < ts->heap[child]->at)
      child++;
    if (ts->heap[child]->at >= t->at) break;
    put(ts, i, ts->heap[child]);
    i = child;
  }
  put(ts, i, t);
}

/* Puts `t` where it belongs, given that place `i` is free for it. */
static void place(salon_Timers *ts, size_t i, salon_Timer *t) {
  if (i > 1 && ts->heap[i / 2]->at > t->at)
    rise(ts, i, t);
  else
    sink(ts, i, t);
}

static bool grow(salon_Timers *ts) {
  size_t room = ts->room == 0 ? 64 : ts->room * 2;
  salon_Timer **heap = realloc(ts->heap, (room + 1) * sizeof(*heap));
  if (heap == NULL) return false;
  ts->heap = heap;
  ts->room = room;
  return true;
}

bool salon_timers_set(salon_Timers *ts, salon_Timer *t, double at) {
  if (t->place == 0) {
    if (ts->count == ts->room && !grow(ts)) return false;
    t->place = ++ts->count;
  }
  t->at = at;
  place(ts, t->place, t);
  return true;
}

void salon_timers_remove(salon_Timers *ts, salon_Timer *t) {
  size_t i = t->place;
  if (i == 0) return;
  t->place = 0;
  salon_Timer *last = ts->heap[ts->count--]; /* fills the gap */
  if (last != t) place(ts, i, last);
}

salon_Timer *salon_timers_first(const salon_Timers *ts) {
  return ts->count > 0 ? ts->heap[1] : NULL;
}

void salon_timers_free(salon_Timers *ts) {
  free(ts->heap);
  ts->heap = NULL;
  ts->count = ts->room = 0;
}
