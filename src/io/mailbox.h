/* Where one Lua state learns which of its calls have finished. The I/O thread
** delivers, the state's own thread takes; two states never see each other's
** completions. Counted references: the state holds one, the engine one for each
** call under way, so that a state may close before its calls have ended.
**
** A delivery always sets `finished` of the exchange. The list of completions is
** for hosts that wait for any of many calls: only the exchanges that one of them
** wants to hear of are put into it, so that it cannot grow by what nobody waits
** for. Not to break: what is waited for is looked at under the lock that a
** delivery takes, so that no wake-up is lost. */
#ifndef SALON_MAILBOX_H
#define SALON_MAILBOX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "list.h"
#include "wake.h"

struct salon_Exchange;

typedef struct salon_Mailbox {
  atomic_int refs;
  atomic_int in_flight; /* submitted and not finished */
  pid_t pid;            /* of the process that made it */
  pthread_mutex_t lock; /* guards what follows */
  salon_List finished;  /* exchanges to be taken, a reference each */
  bool polling;         /* salon_mailbox_wait waits for `wake` */
  bool sleeping;        /* nginx's reader waits for a byte on the socket */
  salon_Wake wake;      /* owned */
  int listen_fd;        /* owned: waits for nginx's cosocket, or -1 */
  int socket_fd;        /* owned: the other end of that cosocket, or -1 */
  char *socket_path;    /* owned: unlinked once connected; NULL = none */
} salon_Mailbox;

salon_Mailbox *salon_mailbox_new(void); /* NULL: errno says why */
void salon_mailbox_unref(salon_Mailbox *m);

/* For the engine: one more call is under way, and refers to `m`. */
void salon_mailbox_expect(salon_Mailbox *m);

/* For the I/O thread: hands finished exchanges over, their engine references
** with them, and gives up what `expect` took for each. */
void salon_mailbox_deliver(salon_Mailbox *m, salon_List exchanges);

/* The completion of `x`, which is one of its own, is to be taken from the list.
** False: it is finished already, and is not put there. */
bool salon_mailbox_want(salon_Mailbox *m, struct salon_Exchange *x);

/* Id of the next finished exchange, 0 if there is none. */
uint64_t salon_mailbox_take(salon_Mailbox *m);

/* Blocks until `x` is finished (NULL: until there is something to take), a
** signal came, or `seconds` have passed. True: it is there. */
bool salon_mailbox_wait(salon_Mailbox *m, const struct salon_Exchange *x,
                        double seconds);

/* nginx: true when there is nothing to take, and then the next delivery writes
** one byte to the socket. */
bool salon_mailbox_arm(salon_Mailbox *m);

/* nginx: opens a Unix socket in a folder of its own and returns its path,
** borrowed until `accept`, which takes the one connection and removes both.
** NULL and false: errno says why. */
const char *salon_mailbox_listen(salon_Mailbox *m);
bool salon_mailbox_accept(salon_Mailbox *m);

#endif
