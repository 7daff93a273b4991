/* salon.Request: one call under way, as Lua sees it. */
#ifndef SALON_REQUEST_H
#define SALON_REQUEST_H

struct lua_State;

#define SALON_REQUEST "salon.Request"

/* core.request */
void salon_open_request(struct lua_State *L);

#endif
