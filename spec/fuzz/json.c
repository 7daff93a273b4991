/* Any bytes as the body of an answer: json.lua, in one Lua state, reads them as an
   error and as JSON. lua-cjson is the system's own. */

#include "fuzz.h"

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

int luaopen_salon_core(lua_State *L);

enum { CHECK = 1, COLLECT_EVERY = 1000 };

/* A state with the function of json.lua at CHECK. */
static lua_State *open(void) {
  lua_State *L = luaL_newstate();
  MUST(L != NULL);
  luaL_openlibs(L);
  luaL_requiref(L, "salon.core", luaopen_salon_core, 0);
  lua_settop(L, 0);
  if (luaL_dofile(L, "spec/fuzz/json.lua") != LUA_OK) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    abort();
  }
  lua_settop(L, CHECK);
  return L;
}

static int traceback(lua_State *L) {
  luaL_traceback(L, L, lua_tostring(L, 1), 1);
  return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static lua_State *L;
  static int count;
  if (L == NULL) L = open();
  lua_pushcfunction(L, traceback);
  lua_pushvalue(L, CHECK);
  lua_pushlstring(L, (const char *)data, size);
  if (lua_pcall(L, 1, 0, CHECK + 1) != LUA_OK) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    abort();
  }
  lua_settop(L, CHECK);
  if (++count % COLLECT_EVERY == 0) lua_gc(L, LUA_GCCOLLECT);
  return 0;
}
