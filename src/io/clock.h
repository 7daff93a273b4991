/* The one clock that every deadline and expiry is measured on.
**
** A token expires while a laptop sleeps, so the clock has to go on then:
** CLOCK_BOOTTIME on Linux, CLOCK_MONOTONIC elsewhere (macOS's counts sleep as
** well). It never jumps when somebody sets the time of day. */
#ifndef SALON_CLOCK_H
#define SALON_CLOCK_H

#include <time.h>

#ifdef CLOCK_BOOTTIME
#define SALON_CLOCK CLOCK_BOOTTIME
#else
#define SALON_CLOCK CLOCK_MONOTONIC
#endif

/* Seconds since some fixed moment. */
static inline double salon_now(void) {
  struct timespec t = {0, 0};
  clock_gettime(SALON_CLOCK, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#endif
