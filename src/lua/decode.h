/* core.decode: JSON text to Lua values, around lua-cjson. */
#ifndef SALON_DECODE_H
#define SALON_DECODE_H

struct lua_State;

void salon_open_decode(struct lua_State *L);

#endif
