/* salon.Request: one call under way, as Lua sees it. */
#ifndef SALON_REQUEST_H
#define SALON_REQUEST_H

struct lua_State;

/* core.request */
void salon_open_request(struct lua_State *L);

#endif
