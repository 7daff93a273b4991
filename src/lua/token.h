/* token.h - salon.Token: an access token with its expiry and scopes. */
#ifndef SALON_TOKEN_H
#define SALON_TOKEN_H

#include <stddef.h>

struct lua_State;

/* The access token of the Token at `idx`; raises when it is none. The bytes
** (zero-terminated) are borrowed from it: copy them before it goes. */
const char *salon_token_access(struct lua_State *L, int idx, size_t *len);

/* core.token */
void salon_open_token(struct lua_State *L);

#endif
