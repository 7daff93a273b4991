/* Lua states with salon.core in them, for tests in C. */

#ifndef SALON_SPEC_STATES_H
#define SALON_SPEC_STATES_H

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

int luaopen_salon_core(lua_State *L);

/* A state whose global `core` is the module. */
static inline lua_State *new_state(void) {
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  luaL_requiref(L, "salon.core", luaopen_salon_core, 0);
  lua_setglobal(L, "core");
  return L;
}

/* Runs `code` with up to one text as `...`; NULL or what went wrong, which
** lives as long as the state's stack. */
static inline const char *run(lua_State *L, const char *code,
                              const char *argument) {
  if (luaL_loadstring(L, code) != LUA_OK) return lua_tostring(L, -1);
  lua_pushstring(L, argument);
  return lua_pcall(L, 1, 0, 0) == LUA_OK ? NULL : lua_tostring(L, -1);
}

#endif
