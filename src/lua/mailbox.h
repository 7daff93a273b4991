/* core.mailbox() and what a Lua state owns in the engine: one mailbox, and
** its place among the states that keep the I/O thread alive. */
#ifndef SALON_LUA_MAILBOX_H
#define SALON_LUA_MAILBOX_H

#include "io/mailbox.h"

struct lua_State;

/* This state's mailbox, borrowed from its registry; NULL when there is none to
** be had: errno says why. After a fork the child gets one of its own. */
salon_Mailbox *salon_state_mailbox(struct lua_State *L);

/* core.mailbox, core.engine_stop */
void salon_open_mailbox(struct lua_State *L);

#endif
