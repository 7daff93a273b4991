/* A Lua interpreter of a few lines: `interpreter script arguments...`.
   Linked with a sanitizer's runtime it runs the specs under it without
   LD_PRELOAD, so that the programs a spec starts are not affected.  The state
   is closed at the end, so that leaks of userdata show. */

#include <stdio.h>
#include <stdlib.h>

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

static int explain(lua_State *L) {
  const char *message = luaL_tolstring(L, 1, NULL);
  luaL_traceback(L, L, message, 1);
  return 1;
}

int main(int argc, char **argv) {
  int status, i;
  lua_State *L = luaL_newstate();
  if (L == NULL || argc < 2) {
    fprintf(stderr, "usage: %s script [argument...]\n", argv[0]);
    return EXIT_FAILURE;
  }
  luaL_openlibs(L);
  lua_createtable(L, argc, 2);
  for (i = 0; i < argc; i++) {
    lua_pushstring(L, argv[i]);
    lua_rawseti(L, -2, i - 1);
  }
  lua_setglobal(L, "arg");
  lua_pushcfunction(L, explain);
  status = luaL_loadfile(L, argv[1]);
  if (status == LUA_OK) {
    for (i = 2; i < argc; i++) lua_pushstring(L, argv[i]);
    status = lua_pcall(L, argc - 2, 0, 1);
  }
  if (status != LUA_OK) fprintf(stderr, "%s\n", lua_tostring(L, -1));
  lua_close(L);
  return status == LUA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
