/* luaurl.h - url.c and link.c for Lua. */

#ifndef SALON_LUAURL_H
#define SALON_LUAURL_H

#include <lua.h>

/* Adds url, url_parse, url_loopback, same_origin, query_param, form and link
** to the table on top of the stack. */
void salon_open_url(lua_State *L);

#endif
