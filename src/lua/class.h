/* What the classes share: registering one, and checking that a value is of
** one. */
#ifndef SALON_CLASS_H
#define SALON_CLASS_H

#include "compat.h"

/* The userdata at `idx` when its metatable is the value at `meta`; otherwise
   luaL_checkudata, which looks a class up by its name, at several times the
   price, and has the words for what is of another class. */
static inline void *salon_checkclass(lua_State *L, int idx, int meta,
                                     const char *name) {
  void *block = lua_touserdata(L, idx);
  if (block != NULL && lua_getmetatable(L, idx)) {
    int same = lua_rawequal(L, -1, meta);
    lua_pop(L, 1);
    if (same) return block;
  }
  return luaL_checkudata(L, idx, name);
}

/* What salon_newclass gives to all functions of a class. */
#define SALON_CLASS lua_upvalueindex(1)   /* its metatable */
#define SALON_METHODS lua_upvalueindex(2) /* its methods */

/* In a function of class `name`: the first argument is of that class. Works
   elsewhere as well, but slower. */
static inline void *salon_checkself(lua_State *L, const char *name) {
  return salon_checkclass(L, 1, SALON_CLASS, name);
}

/* table[name] = function, for the metatable and the methods at the top: */
static inline void salon_setclassfuncs(lua_State *L, int table,
                                       const luaL_Reg *list) {
  for (; list != NULL && list->name != NULL; list++) {
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, list->func, 2);
    lua_setfield(L, table - 1, list->name);
  }
}

/* Registers the class `name`; leaves the stack as it was. Metamethods and
   methods live in two tables, so that object.__gc is nil. Unless `meta` brings
   its own __index the table of methods is that. */
static inline void salon_newclass(lua_State *L, const char *name,
                                  const luaL_Reg *meta,
                                  const luaL_Reg *methods) {
  luaL_newmetatable(L, name);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__index");
  salon_setclassfuncs(L, -1, methods);
  salon_setclassfuncs(L, -2, meta);
  lua_pop(L, 2);
}

#endif
