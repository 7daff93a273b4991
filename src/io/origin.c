/* See origin.h. Whatever frees a slot leads to salon_origins_next, so that
** nobody waits beside a free one; the engine calls it in every round.
**
** Not to break: a call that holds a slot gives it back exactly once, and while
** an origin is referred to (running, waiting) it is not forgotten. */
#include "origin.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- the budget for repeats ----
**
** Each new call pays a fraction of a repeat in, each repeat takes a whole one
** out: in an outage the load on the server grows by that fraction, and not by
** as many times as each call may be tried. A reserve lets a few calls be
** repeated. */

static const double PAID_IN_PER_CALL = 0.2;
static const double BUDGET_PER_SECOND = 10; /* up to the reserve */
static const double LARGEST_BUDGET = 1000;

static void refill(salon_Origin *o, double now) {
  double due = (now - o->counted) * BUDGET_PER_SECOND;
  o->counted = now;
  if (o->budget >= o->reserve || due <= 0) return;
  o->budget = o->budget + due < o->reserve ? o->budget + due : o->reserve;
}

static void pay_in(salon_Origin *o, const salon_Exchange *x) {
  if (x->attempts > 0) return; /* it is a repeat itself */
  o->budget += PAID_IN_PER_CALL;
  if (o->budget > LARGEST_BUDGET) o->budget = LARGEST_BUDGET;
}

bool salon_origins_spend(salon_Exchange *x, double now) {
  salon_Origin *o = x->origin;
  if (o == NULL) return true;
  refill(o, now);
  if (o->budget < 1) return false;
  o->budget--;
  return true;
}

/* ---- connections that calls share ---- */

/* A burst of calls over HTTP/2 could share a few connections, but libcurl puts
** 100 on the first and, finding it full, opens one for each that is left. So
** beyond what the connections hold a single call runs, the opener, and the
** others follow once it has been sent. */
enum { STREAMS = 100, ANY = 1 << 30 };

static int streams_at_first(const salon_Exchange *x) {
  return x->scheme == SALON_HTTPS && x->config->http_version != SALON_HTTP_1_1
           ? STREAMS
           : ANY;
}

static bool awaits_opener(salon_Origin *o) {
  if (o->opener != NULL && o->opener->sent) {
    if (o->opener->opened) o->streams += STREAMS;
    o->opener = NULL; /* if it opened none, another call has made room for it */
  }
  return o->opener != NULL && o->running > o->streams;
}

/* ---- the table ---- */

/* Where the origin of this name is, or is to be put. */
static salon_Origin **place_of(salon_Origins *os, uint32_t hash,
                               const char *key, size_t len) {
  salon_Origin **at = &os->buckets[hash % SALON_ORIGIN_BUCKETS];
  while (*at != NULL &&
         (strlen((*at)->key) != len || memcmp((*at)->key, key, len) != 0))
    at = &(*at)->bucket_next;
  return at;
}

static salon_Origin **place_for(salon_Origins *os, const salon_Exchange *x) {
  return place_of(os, x->origin_hash, x->url, x->origin_len);
}

static void forget(salon_Origin **at) {
  salon_Origin *o = *at;
  *at = o->bucket_next;
  free(o);
}

/* Nothing runs or waits there, and there is nothing to remember. */
static bool is_idle(salon_Origin *o, double now) {
  if (o->running > 0 || o->waiting.first != NULL || o->open_at > now)
    return false;
  refill(o, now);
  return o->budget >= o->reserve;
}

/* A long-lived worker may talk to any number of origins: an idle one is
** forgotten, at once or when the next new one comes. */
static void forget_if_idle(salon_Origins *os, salon_Origin *o, double now) {
  if (is_idle(o, now)) forget(place_of(os, o->hash, o->key, strlen(o->key)));
}

static void sweep(salon_Origins *os, double now) {
  for (size_t i = 0; i < SALON_ORIGIN_BUCKETS; i++) {
    salon_Origin **at = &os->buckets[i];
    while (*at != NULL) {
      if (is_idle(*at, now))
        forget(at);
      else
        at = &(*at)->bucket_next;
    }
  }
}

static salon_Origin *find(salon_Origins *os, const salon_Exchange *x,
                          double now) {
  salon_Origin *o = *place_for(os, x);
  if (o != NULL) return o;
  sweep(os, now);
  o = calloc(1, sizeof(*o) + x->origin_len + 1);
  if (o == NULL) return NULL;
  memcpy(o->key, x->url, x->origin_len);
  o->streams = streams_at_first(x);
  o->reserve = o->budget = x->config->retry_reserve;
  o->counted = now;
  o->hash = x->origin_hash;
  *place_for(os, x) = o;
  return o;
}

/* ---- slots ---- */

/* The poller sleeps whole milliseconds: what the thread is late by, up to this,
** is not taken off the rate. */
static const double LATE = 0.005;

static bool has_slot(const salon_Origins *os, salon_Origin *o,
                     const salon_Exchange *x) {
  return os->running < x->config->max_in_flight &&
         o->running < x->config->max_per_origin && !awaits_opener(o);
}

/* Only the rate holds it back. */
static bool is_early(const salon_Origin *o, const salon_Exchange *x,
                     double now) {
  return x->config->max_rate > 0 && now < o->open_at;
}

static bool has_room(const salon_Origins *os, salon_Origin *o,
                     const salon_Exchange *x, double now) {
  return has_slot(os, o, x) && !is_early(o, x, now);
}

static void take_slot(salon_Origins *os, salon_Origin *o, salon_Exchange *x,
                      double now) {
  x->origin = o;
  if (o->running >= o->streams && o->opener == NULL) o->opener = x;
  o->running++;
  os->running++;
  pay_in(o, x);
  if (x->config->max_rate <= 0) return;
  if (o->open_at < now - LATE) o->open_at = now;
  o->open_at += 1 / x->config->max_rate;
}

bool salon_origins_enter(salon_Origins *os, salon_Exchange *x, double now) {
  salon_Origin *o = find(os, x, now);
  x->origin = NULL;
  if (o == NULL) return true;
  if (o->waiting.first == NULL && has_room(os, o, x, now)) {
    take_slot(os, o, x, now);
    return true;
  }
  x->origin = o;
  if (o->waiting.first == NULL) salon_list_push(&os->turns, &o->turn);
  salon_list_push(&o->waiting, &x->node);
  return false;
}

void salon_origins_leave(salon_Origins *os, salon_Exchange *x, double now) {
  salon_Origin *o = x->origin;
  if (o == NULL) return;
  x->origin = NULL;
  if (o->opener == x) o->opener = NULL;
  o->running--;
  os->running--;
  forget_if_idle(os, o, now);
}

void salon_origins_withdraw(salon_Origins *os, salon_Exchange *x, double now) {
  salon_Origin *o = x->origin;
  salon_list_remove(&o->waiting, &x->node);
  if (o->waiting.first == NULL) salon_list_remove(&os->turns, &o->turn);
  x->origin = NULL;
  forget_if_idle(os, o, now);
}

static salon_Exchange *first_waiting(const salon_Origin *o) {
  return salon_exchange_of(o->waiting.first);
}

double salon_origins_when(const salon_Origins *os) {
  double when = -1;
  for (salon_Node *n = os->turns.first; n != NULL; n = n->next) {
    salon_Origin *o = (salon_Origin *)n;
    const salon_Exchange *x = first_waiting(o);
    if (x->config->max_rate <= 0 || !has_slot(os, o, x)) continue;
    if (when < 0 || o->open_at < when) when = o->open_at;
  }
  return when;
}

salon_Exchange *salon_origins_next(salon_Origins *os, double now) {
  for (salon_Node *n = os->turns.first; n != NULL; n = n->next) {
    salon_Origin *o = (salon_Origin *)n;
    salon_Exchange *x = first_waiting(o);
    if (!has_room(os, o, x, now)) continue;
    salon_list_pop(&o->waiting);
    salon_list_remove(&os->turns, n); /* to the end: now it is others' turn */
    if (o->waiting.first != NULL) salon_list_push(&os->turns, n);
    take_slot(os, o, x, now);
    return x;
  }
  return NULL;
}

void salon_origins_free(salon_Origins *os) {
  for (size_t i = 0; i < SALON_ORIGIN_BUCKETS; i++)
    while (os->buckets[i] != NULL) forget(&os->buckets[i]);
}
