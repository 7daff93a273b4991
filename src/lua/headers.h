/* salon.Headers: request headers that many calls share. */
#ifndef SALON_LUA_HEADERS_H
#define SALON_LUA_HEADERS_H

#include "io/config.h"
#include "io/headers.h"

struct lua_State;

/* The headers of the Headers at `idx`; raises when it is none. Borrowed from
** it. */
salon_Headers *salon_check_headers(struct lua_State *L, int idx);

/* Pushes a Headers made of the array at `idx` and what every call sends. */
salon_Headers *salon_push_headers(struct lua_State *L, int idx,
                                  const salon_Config *config);

/* core.headers */
void salon_open_headers(struct lua_State *L);

#endif
