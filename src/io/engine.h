/* The engine: one I/O thread per process that owns all of libcurl. Everybody
** else hands exchanges over and learns of the result through a mailbox. It
** is started by the first call and joined by the last state that closes, by
** salon_engine_stop, or at exit. These functions may be called from any
** thread. */
#ifndef SALON_ENGINE_H
#define SALON_ENGINE_H

#include <stdbool.h>

#include "exchange.h"
#include "mailbox.h"

/* Hands `x` over; its result goes to `m`. False: errno says why (the process
** is ending, or no thread can be made). */
bool salon_engine_submit(salon_Exchange *x, salon_Mailbox *m);

/* Gives a call up; it finishes as `cancelled` unless it has finished. */
void salon_engine_cancel(salon_Exchange *x);

/* Stops and joins the thread; what is in flight finishes as `cancelled`. The
** next call starts a new one. */
void salon_engine_stop(void);

/* Every Lua state enters once and leaves once; the last one to leave stops the
** engine. */
void salon_engine_enter(void);
void salon_engine_leave(void);

/* Is `pid` this process? Of what belongs to another one nothing may be
** touched: it is on the other side of a fork. */
bool salon_same_process(pid_t pid);

#endif
