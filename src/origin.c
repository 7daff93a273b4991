/* See origin.h. */
#include "origin.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static size_t bucket_of(const char *key, size_t len) {
  uint32_t hash = 2166136261u; /* FNV-1a */
  for (size_t i = 0; i < len; i++)
    hash = (hash ^ (unsigned char)key[i]) * 16777619u;
  return hash % SALON_ORIGIN_BUCKETS;
}

static salon_Origin *find(salon_Origins *os, const salon_Exchange *x) {
  size_t len = x->origin_len;
  salon_Origin **slot = &os->buckets[bucket_of(x->url, len)];
  for (salon_Origin *o = *slot; o != NULL; o = o->bucket_next)
    if (strlen(o->key) == len && memcmp(o->key, x->url, len) == 0) return o;
  salon_Origin *o = calloc(1, sizeof(*o));
  if (o == NULL) return NULL;
  o->key = strndup(x->url, len);
  if (o->key == NULL) {
    free(o);
    return NULL;
  }
  o->bucket_next = *slot;
  *slot = o;
  return o;
}

/* An origin with nothing running or waiting is forgotten: a long-lived worker
** may talk to any number of them. */
static void forget_if_idle(salon_Origins *os, salon_Origin *o) {
  if (o->running > 0 || o->first != NULL) return;
  salon_Origin **at = &os->buckets[bucket_of(o->key, strlen(o->key))];
  while (*at != o) at = &(*at)->bucket_next;
  *at = o->bucket_next;
  free(o->key);
  free(o);
}

static bool has_room(const salon_Origins *os, const salon_Origin *o,
                     const salon_Exchange *x) {
  return os->running < x->config->max_in_flight &&
         o->running < x->config->max_per_origin;
}

static void take_slot(salon_Origins *os, salon_Origin *o, salon_Exchange *x) {
  x->origin = o;
  o->running++;
  os->running++;
}

static void join_turns(salon_Origins *os, salon_Origin *o) {
  o->turn_next = NULL;
  if (os->turn_last != NULL)
    os->turn_last->turn_next = o;
  else
    os->turn_first = o;
  os->turn_last = o;
}

static void leave_turns(salon_Origins *os, salon_Origin *o) {
  salon_Origin *before = NULL;
  for (salon_Origin *p = os->turn_first; p != o; p = p->turn_next) before = p;
  if (before != NULL)
    before->turn_next = o->turn_next;
  else
    os->turn_first = o->turn_next;
  if (os->turn_last == o) os->turn_last = before;
}

bool salon_origins_enter(salon_Origins *os, salon_Exchange *x) {
  salon_Origin *o = find(os, x);
  x->origin = NULL;
  if (o == NULL) return true;
  if (o->first == NULL && has_room(os, o, x)) {
    take_slot(os, o, x);
    return true;
  }
  x->origin = o;
  x->next = NULL;
  if (o->first == NULL) {
    o->first = x;
    join_turns(os, o);
  } else {
    o->last->next = x;
  }
  o->last = x;
  return false;
}

void salon_origins_leave(salon_Origins *os, salon_Exchange *x) {
  salon_Origin *o = x->origin;
  if (o == NULL) return;
  x->origin = NULL;
  o->running--;
  os->running--;
  forget_if_idle(os, o);
}

static void unlink_waiting(salon_Origins *os, salon_Origin *o,
                           salon_Exchange *x) {
  salon_Exchange *before = NULL;
  for (salon_Exchange *p = o->first; p != x; p = p->next) before = p;
  if (before != NULL)
    before->next = x->next;
  else
    o->first = x->next;
  if (o->last == x) o->last = before;
  x->next = NULL;
  if (o->first == NULL) leave_turns(os, o);
}

void salon_origins_withdraw(salon_Origins *os, salon_Exchange *x) {
  salon_Origin *o = x->origin;
  unlink_waiting(os, o, x);
  x->origin = NULL;
  forget_if_idle(os, o);
}

salon_Exchange *salon_origins_next(salon_Origins *os) {
  for (salon_Origin *o = os->turn_first; o != NULL; o = o->turn_next) {
    salon_Exchange *x = o->first;
    if (!has_room(os, o, x)) continue;
    unlink_waiting(os, o, x);
    take_slot(os, o, x);
    if (o->first != NULL) { /* to the end of the ring: the others' turn */
      leave_turns(os, o);
      join_turns(os, o);
    }
    return x;
  }
  return NULL;
}

void salon_origins_free(salon_Origins *os) {
  for (size_t i = 0; i < SALON_ORIGIN_BUCKETS; i++) {
    while (os->buckets[i] != NULL) {
      salon_Origin *o = os->buckets[i];
      os->buckets[i] = o->bucket_next;
      free(o->key);
      free(o);
    }
  }
}
