/* An exchange on a libcurl easy handle: the options to set, the callbacks, and
** what libcurl's result means in salon's terms. Handles are pooled per config,
** since only URL, headers and body change between calls. For the I/O thread
** only: an easy handle belongs to one thread at a time.
**
** Not to break: while a handle sends, libcurl borrows URL, headers and body of
** the exchange, so the handle goes back to the pool before the exchange is
** freed. */
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
  struct salon_Pool *pool;     /* borrowed from the engine */
  struct salon_Transfer *next; /* in the pool's list of idle ones */
  double idle_since;
  CURLU *origin;         /* owned: "https://host:port", taken apart */
  char origin_text[300]; /* the same; "" = nothing yet */
  const char *proxy;     /* borrowed from config; NULL = none for this call */
  curl_socket_t socket; /* borrowed: the last one opened for this call, or -1 */
  curl_off_t uploaded;  /* of the body, when last asked */
  bool over_limit; /* the response exceeds a limit; the message says which */
  int os_error;    /* errno of what the system had none left of; 0 = nothing */
  int unwatched; /* errno: why nobody waits for its socket; 0 = somebody does */
  bool head_complete;          /* the blank line after the header has come */
  char error[CURL_ERROR_SIZE]; /* what libcurl says of a failure */
} salon_Transfer;

typedef struct salon_Pool {
  salon_Poller *poller; /* borrowed from the engine */
  salon_Transfer *idle; /* owned, last used first */
  int count;
  double swept;      /* when idle handles were last looked through */
  bool keeps;        /* handles may be used again */
  unsigned openings; /* sockets that were opened so far */
} salon_Pool;

void salon_pool_open(salon_Pool *pool, salon_Poller *poller);

/* A handle that is ready to send `x` (x->transfer); false: no memory. */
bool salon_pool_get(salon_Pool *pool, salon_Exchange *x);
void salon_pool_put(salon_Pool *pool, salon_Transfer *t, double now);
void salon_pool_free(salon_Pool *pool);

/* Puts libcurl's result into the exchange; true: another try may do better
** (salon_RetryInput.transient). */
bool salon_transfer_conclude(salon_Transfer *t, CURLcode code);

/* Notes what is known of its outcome and response so far. */
void salon_transfer_note_outcome(salon_Transfer *t);

/* The deadline has passed: says at which stage. */
void salon_transfer_timed_out(salon_Transfer *t);

/* Not a byte came for `seconds`: says so. */
void salon_transfer_stalled(salon_Transfer *t, double seconds);

/* Has more of the body been sent since the last call, with some still to go? */
bool salon_transfer_is_uploading(salon_Transfer *t);

#endif
