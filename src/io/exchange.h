/* One HTTP call: what is to be sent, and what came back. Counted references:
** the Lua side holds one, the engine one while the call is under way.
**
** Until it is submitted its maker owns all of it; then the I/O thread does;
** once `finished` is true everybody may read it and nobody writes. That handing
** over, and not a lock, is what makes the fields safe. Not to break: `finished`
** is stored with release and read with acquire, after all else is written. */
#ifndef SALON_EXCHANGE_H
#define SALON_EXCHANGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "config.h"
#include "list.h"
#include "retry.h"
#include "timers.h"
#include "url.h"

struct curl_slist;
struct salon_File;
struct salon_Headers;
struct salon_Mailbox;
struct salon_Origin;
struct salon_Transfer;

typedef struct salon_Bytes {
  char *data; /* owned, not terminated */
  size_t len;
  size_t room;
} salon_Bytes;

/* Appends; false: no memory, and nothing has changed. */
bool salon_bytes_add(salon_Bytes *b, const char *data, size_t len);

typedef struct salon_Try { /* when one try ran, on the clock of clock.h */
  double began;
  double ended; /* 0 = not yet */
  long status;  /* 0 = no response */
} salon_Try;

typedef enum { /* what went wrong, if anything */
               SALON_OK,
               SALON_NETWORK,
               SALON_TLS,
               SALON_TIMEOUT,
               SALON_CANCELLED,
               SALON_LIMIT,
               SALON_DECODE,
               SALON_FILE
} salon_Kind;

/* May the server have acted? UNSENT: no. UNKNOWN: sent, and no response
** came. */
typedef enum { SALON_UNSENT, SALON_UNKNOWN, SALON_DONE } salon_Outcome;

typedef enum { /* where it is; only the I/O thread reads and writes this */
               SALON_STATE_NEW,
               SALON_STATE_WAITING, /* for a free slot at its origin */
               SALON_STATE_RUNNING,
               SALON_STATE_PAUSED, /* between two tries */
               SALON_STATE_DONE
} salon_State;

typedef struct salon_Exchange {
  salon_Node node; /* first; in the one list it is in */
  atomic_int refs;
  atomic_bool finished;
  atomic_bool cancelled; /* asked for; the I/O thread carries it out */
  bool wanted;           /* its completion is to be taken; the mailbox's lock */
  pid_t pid;             /* of the process that made it */
  uint64_t id;

  /* the request */
  salon_Config *config;          /* owned: one reference */
  struct salon_Mailbox *mailbox; /* borrowed: the engine's until delivered, its
                                 ** state's for longer; NULL = not submitted */
  const char *method;            /* into text */
  const char *url;               /* into text */
  size_t origin_len;             /* "https://host:port" is the start of url */
  uint32_t origin_hash;          /* of that start */
  salon_Scheme scheme;
  bool loopback;                /* it stays on this machine */
  struct salon_Headers *shared; /* owned: one reference, or NULL */
  struct salon_Bearer *bearer;  /* owned: the token's header, or NULL */
  struct curl_slist *headers;   /* into bearer, then into shared */
  char *body;                   /* owned; NULL = none */
  size_t body_len;
  struct salon_File *upload;   /* owned: one reference; NULL = `body` is sent */
  struct salon_File *download; /* the same: where the body of a good response
                               ** goes; NULL = to `content` */
  bool hands_over;     /* once a part of the download has come, whoever waits
                       ** decides how to go on */
  char *repeat_prefix; /* owned; for the plan's extra rule; NULL = any body */
  salon_RetryPlan plan;
  double deadline;        /* on the clock of clock.h */
  size_t max_body;        /* but for a body that goes to a file */
  double silence_timeout; /* seconds without a byte; 0 = any */

  /* the I/O thread's own */
  salon_State state;
  salon_Timer timer;
  struct salon_Origin *origin;     /* borrowed from the engine */
  struct salon_Transfer *transfer; /* owned while running */
  struct salon_Exchange *live_prev, *live_next;
  int repeats;
  bool opened;      /* this try opened a connection */
  bool sent;        /* this try left, or began to leave, for the server */
  bool refused;     /* the server could not be connected to */
  double active_at; /* when it left, later when a byte came; 0 = neither */

  /* the response */
  salon_Kind kind;
  salon_Outcome outcome; /* over all tries */
  int attempts;
  salon_Try *tries; /* owned; of the attempts, where the config is watched */
  int noted;        /* how many: fewer than attempts where memory was short */
  bool retryable;   /* may the caller safely make the same call again? */
  int64_t retry_after; /* seconds the server asks to wait; < 0 = it does not */
  long status;         /* 0 = no response */
  salon_Bytes head;    /* header block of the final response */
  salon_Bytes content; /* its body */
  char message[256];   /* what went wrong, for people; "" = nothing */
  char text[];         /* the url and the method */
} salon_Exchange;

/* The exchange that a list holds; NULL for NULL. */
static inline salon_Exchange *salon_exchange_of(salon_Node *node) {
  return (salon_Exchange *)node;
}

/* Copies what it is given and takes a reference to `headers` (NULL = none). */
salon_Exchange *salon_exchange_new(salon_Config *config, const char *method,
                                   const salon_Target *target,
                                   struct salon_Headers *headers,
                                   const char *body, size_t body_len);

/* Before it is submitted: the token to send. False: no memory. */
bool salon_exchange_authorise(salon_Exchange *x, const char *token, size_t len);

salon_Exchange *salon_exchange_ref(salon_Exchange *x);
void salon_exchange_unref(salon_Exchange *x);

bool salon_exchange_finished(const salon_Exchange *x);

/* Notes the beginning and the end of a try, if somebody wants to know. */
void salon_exchange_note_begin(salon_Exchange *x, double now);
void salon_exchange_note_end(salon_Exchange *x, double now);

/* Forgets the response of an earlier try. */
void salon_exchange_rewind(salon_Exchange *x);

/* The next value of header `name` after `*at` (start with 0); NULL when there
** is none left. Borrowed from the exchange, not terminated. */
const char *salon_exchange_header(const salon_Exchange *x, const char *name,
                                  size_t *at, size_t *len);

/* Does a Content-Encoding other than `identity` apply to its body? */
bool salon_exchange_is_encoded(const salon_Exchange *x);

const char *salon_kind_name(salon_Kind kind);
const char *salon_outcome_name(salon_Outcome outcome);

#endif
