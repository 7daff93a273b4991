/* secret.h - salon.Secret: bytes that are never printed. */
#ifndef SALON_SECRET_H
#define SALON_SECRET_H

#include <stddef.h>

struct lua_State;

/* core.secret, core.is_secret */
void salon_open_secret(struct lua_State *L);

#endif
