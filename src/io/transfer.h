/* An exchange on a libcurl easy handle: options, callbacks, and what libcurl's
** verdict means in salon's terms. Handles are pooled per configuration, as
** only URL, headers and body change between calls. I/O thread only. */
#ifndef SALON_TRANSFER_H
#define SALON_TRANSFER_H

#include <stdbool.h>

#include "curlcompat.h"
#include "exchange.h"
#include "poller.h"

typedef struct salon_Transfer {
  CURL *easy;                  /* owned */
  salon_Config *config;        /* owned: one reference */
  salon_Exchange *exchange;    /* borrowed; NULL while idle */
  salon_Poller *poller;        /* borrowed from the engine */
  struct salon_Transfer *next; /* in the pool's list of idle ones */
  curl_socket_t socket; /* borrowed: the last one opened for this call, or -1 */
  double idle_since;
  CURLU *origin;         /* owned: "https://host:port", taken apart */
  char origin_text[300]; /* the same; "" = nothing yet */
  salon_Scheme scheme;   /* that its options are set for */
  bool scheme_set;
  const char *proxy;    /* borrowed from config; NULL = none for this call */
  curl_off_t uploaded;  /* of the body, when it was last looked */
  const char *too_long; /* what of the response exceeds our ceiling, or NULL */
  bool headed;          /* the response's header has come to its end */
  char error[CURL_ERROR_SIZE];
} salon_Transfer;

typedef struct salon_Pool {
  salon_Transfer *idle; /* owned, last used first */
  int count;
  double swept; /* when idle handles were last looked through */
  bool keeps;   /* handles may be used again */
} salon_Pool;

void salon_pool_open(salon_Pool *pool);

/* A handle that is ready to send `x` (x->transfer); false: no memory. */
bool salon_pool_get(salon_Pool *pool, salon_Poller *poller, salon_Exchange *x);
void salon_pool_put(salon_Pool *pool, salon_Transfer *t, double now);
void salon_pool_free(salon_Pool *pool);

/* Reads libcurl's verdict into the exchange; true: another try may do better
** (salon_RetryInput.transient). */
bool salon_transfer_judge(salon_Transfer *t, CURLcode code);

/* The deadline has passed: says at which stage. */
void salon_transfer_late(salon_Transfer *t);

/* Has more of the body left since the last look, with some still to go? */
bool salon_transfer_uploads(salon_Transfer *t);

/* Not a byte came for `seconds`: says so. */
void salon_transfer_silent(salon_Transfer *t, double seconds);

#endif
