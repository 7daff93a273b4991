/* What the classes share: how one is registered, and how the world's failures are
** returned. Its functions check what they
** are called with by luaL_checkudata, since all of them can be had by anybody:
** x.close("oops") must not crash, and neither must a metamethod that somebody
** took from debug.getmetatable. */
#ifndef SALON_CLASS_H
#define SALON_CLASS_H

#include "compat.h"

/* In a metamethod: the methods of its class. */
#define SALON_METHODS lua_upvalueindex(1)

/* Registers the class `name`: [-0, +0]. Metamethods and methods live in two
** tables, so that object.__gc is nil. Unless `meta` brings its own __index the
** table of methods is that. */
static inline void salon_newclass(lua_State *L, const char *name,
                                  const luaL_Reg *meta,
                                  const luaL_Reg *methods) {
  luaL_newmetatable(L, name);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_newtable(L);
  salon_setfuncs(L, methods);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__index");
  for (; meta->name != NULL; meta++) {
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, meta->func, 1);
    lua_setfield(L, -3, meta->name);
  }
  lua_pop(L, 2);
}

/* nil and a message, for a function to return: [-0, +2]. */
static inline int salon_pushfail(lua_State *L, const char *message) {
  lua_pushnil(L);
  lua_pushstring(L, message);
  return 2;
}

#endif
