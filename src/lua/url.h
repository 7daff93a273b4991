/* url.c and link.c of src/io for Lua. */

#ifndef SALON_LUA_URL_H
#define SALON_LUA_URL_H

#include <stddef.h>

#include <lua.h>

#include "io/url.h"

typedef struct salon_UrlText {
  salon_Target target; /* its url: `fixed`, or bytes on the Lua stack */
  size_t len;
  char fixed[1024];
} salon_UrlText;

/* Builds a URL of a base, the parts of a path and a query, found at these
** indices, and pushes what it borrows from. NULL, or what is wrong with it. */
const char *salon_url_make(lua_State *L, int base, int parts, int query,
                           salon_UrlText *out);

/* core.url, core.url_parse, core.url_plain, core.ids, core.query_param,
** core.form, core.link */
void salon_open_url(lua_State *L);

#endif
