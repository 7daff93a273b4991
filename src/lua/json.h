/* json.h - JSON encoding, and tidying up what lua-cjson decoded. */
#ifndef SALON_JSON_H
#define SALON_JSON_H

struct lua_State;

/* core.encode, core.normalise, core.null, core.array_mt */
void salon_open_json(struct lua_State *L);

#endif
