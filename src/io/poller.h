/* Waits for descriptors: epoll on Linux, poll elsewhere (or everywhere with
** -DSALON_USE_POLL, which is how the fallback is tested).
**
** Interest in connections is dropped lazily: libcurl takes a socket out of its
** set after every response and puts it back with the next request, so `want(fd,
** 0)` only notes it down, and the kernel is told when the descriptor fires
** unasked. That is for descriptors whose beginning is known (`opened`): of
** others, such as those of libcurl's resolver, a number may come back as
** something new. */
#ifndef SALON_POLLER_H
#define SALON_POLLER_H

#include <stdbool.h>
#include <stddef.h>

enum { SALON_POLL_IN = 1, SALON_POLL_OUT = 2, SALON_POLL_ERR = 4 };

typedef struct salon_Ready {
  int fd;
  int events; /* of the enum above */
} salon_Ready;

typedef struct salon_Poller salon_Poller;

salon_Poller *salon_poller_new(void); /* NULL: errno says why */
void salon_poller_free(salon_Poller *p);

/* `fd` is new, and its interest may be dropped lazily. */
void salon_poller_opened(salon_Poller *p, int fd);

/* What to wait for on `fd`; 0 = nothing. False: errno says why. */
bool salon_poller_want(salon_Poller *p, int fd, int events);
void salon_poller_forget(salon_Poller *p, int fd); /* before it is closed */

/* Waits up to `seconds` (negative: for ever), fills `ready` with at most `max`
** descriptors that somebody wants, returns how many; 0 after a signal. */
size_t salon_poller_wait(salon_Poller *p, salon_Ready *ready, size_t max,
                         double seconds);

#endif
