/* salon.Client: a configuration, and a table for the Lua side's services. */
#ifndef SALON_CLIENT_H
#define SALON_CLIENT_H

#include "io/config.h"

struct lua_State;

/* Seconds: a call that takes longer than a year makes no sense, but would
** overflow. */
#define SALON_LONGEST (366.0 * 86400)

/* The configuration of the Client at `idx`; raises when it is none, or is
** closed. Borrowed from it. */
salon_Config *salon_check_client(struct lua_State *L, int idx);

/* core.client, core.services */
void salon_open_client(struct lua_State *L);

#endif
