/* A descriptor pair that wakes a sleeper: an eventfd where there is one, a pipe
** elsewhere. Non-blocking and close-on-exec on both ends: the one who wakes
** must never wait itself, and no program that the host starts inherits it. */
#ifndef SALON_WAKE_H
#define SALON_WAKE_H

#include <stdbool.h>

typedef struct salon_Wake {
  int read_fd;  /* owned: poll this one; -1 when closed */
  int write_fd; /* owned: equal to read_fd for an eventfd */
} salon_Wake;

#define SALON_WAKE_CLOSED                                                      \
  { -1, -1 }

bool salon_wake_open(salon_Wake *w); /* false: errno says why */
void salon_wake_close(salon_Wake *w);
void salon_wake_signal(salon_Wake *w); /* any number of calls wakes once */
void salon_wake_clear(salon_Wake *w);

#endif
