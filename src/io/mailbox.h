/* Where one Lua state learns what has finished: a list of finished exchanges
** and a descriptor that says so. Counted references: the state holds one,
** the engine one for each exchange under way. Two states never eat each other's
** news.
**
** Wake-ups are coalesced (one byte announces any number) and written only
** when the other side sleeps. */
#ifndef SALON_MAILBOX_H
#define SALON_MAILBOX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "wake.h"

struct salon_Exchange;

typedef struct salon_Mailbox {
  atomic_int refs;
  atomic_int in_flight;               /* submitted and not finished */
  pid_t pid;                          /* of the process that made it */
  pthread_mutex_t lock;               /* guards what follows */
  struct salon_Exchange *head, *tail; /* finished, a reference each */
  salon_Wake wake;                    /* owned: what salon_mailbox_wait polls */
  int listen_fd;     /* owned: waits for nginx's cosocket, or -1 */
  int socket_fd;     /* owned: the other end of that cosocket, or -1 */
  char *socket_path; /* owned: unlinked once connected; NULL = none */
  bool sleeping;     /* nginx's loop waits for a byte on the socket */
  bool polling;      /* salon_mailbox_wait waits on the wake descriptor */
  bool signalled;    /* it is readable */
  bool kept;         /* a host takes all news: the list is not discarded */
  bool closed;       /* its state is gone: news are dropped */
} salon_Mailbox;

salon_Mailbox *salon_mailbox_new(void);     /* NULL: errno says why */
void salon_mailbox_close(salon_Mailbox *m); /* at the end of its state */
void salon_mailbox_unref(salon_Mailbox *m);

/* For the engine: one more exchange is under way, and refers to `m`. */
void salon_mailbox_expect(salon_Mailbox *m);

/* For the I/O thread: hands a chain of finished exchanges over (their engine
** references with them), linked by `next`, and gives up what `expect` took for
** each of them. */
void salon_mailbox_deliver(salon_Mailbox *m, struct salon_Exchange *first,
                           struct salon_Exchange *last);

/* Id of the next finished exchange, 0 if there is none. */
uint64_t salon_mailbox_take(salon_Mailbox *m);

/* For hosts that look at their own requests only: clears the descriptor and
** forgets what has finished, unless `keep` was called for one that takes. */
void salon_mailbox_drain(salon_Mailbox *m);
void salon_mailbox_keep(salon_Mailbox *m);

/* nginx: true when nothing is pending, and then the next delivery writes one
** byte to the socket. */
bool salon_mailbox_arm(salon_Mailbox *m);

/* Who called `keep` takes no more: the list is discarded again. */
void salon_mailbox_release(salon_Mailbox *m);

/* Blocks until `x` is finished (NULL: until there is something to take, for
** one who keeps), a signal came, or `seconds` have passed. */
bool salon_mailbox_wait(salon_Mailbox *m, const struct salon_Exchange *x,
                        double seconds);

/* nginx: opens a Unix socket in a folder of its own and returns its path,
** borrowed until `accept`, which takes the one connection and removes both.
** NULL and false: errno says why. */
const char *salon_mailbox_listen(salon_Mailbox *m);
bool salon_mailbox_accept(salon_Mailbox *m);

#endif
