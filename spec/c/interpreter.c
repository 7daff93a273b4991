/* A Lua interpreter: `interpreter [-e code]... [script [arg...]]`.
** Linked with a sanitizer's runtime it runs the specs under it without
** LD_PRELOAD, so that the programs a spec starts are not affected.  The state
** is closed at the end, so that leaks of userdata show. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

static lua_State *running;

static void stop(lua_State *L, lua_Debug *where) {
  (void)where;
  lua_sethook(L, NULL, 0, 0);
  luaL_error(L, "interrupted!");
}

/* Ctrl-C raises, as in the usual interpreter. */
static void interrupt(int number) {
  signal(number, SIG_DFL);
  lua_sethook(running, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
}

static int explain(lua_State *L) {
  const char *message = luaL_tolstring(L, 1, NULL);
  luaL_traceback(L, L, message, 1);
  return 1;
}

/* Runs what luaL_load... just gave `status` for, with the arguments given. */
static int run(lua_State *L, int status, int n, char **arguments) {
  if (status == LUA_OK) {
    lua_pushcfunction(L, explain);
    lua_insert(L, -2);
    for (int i = 0; i < n; i++) lua_pushstring(L, arguments[i]);
    status = lua_pcall(L, n, 0, -(n + 2));
  }
  if (status != LUA_OK) fprintf(stderr, "%s\n", lua_tostring(L, -1));
  lua_settop(L, 0);
  return status;
}

int main(int argc, char **argv) {
  int status = LUA_OK, script = 1, i;
  lua_State *L = luaL_newstate();
  if (L == NULL) return EXIT_FAILURE;
  running = L;
  signal(SIGINT, interrupt);
  luaL_openlibs(L);
  while (script + 1 < argc && strcmp(argv[script], "-e") == 0) script += 2;
  lua_createtable(L, argc, script + 1);
  for (i = 0; i < argc; i++) {
    lua_pushstring(L, argv[i]);
    lua_rawseti(L, -2, i - script);
  }
  lua_setglobal(L, "arg");
  for (i = 1; status == LUA_OK && i < script; i += 2)
    status = run(L, luaL_loadstring(L, argv[i + 1]), 0, NULL);
  if (status == LUA_OK && script < argc)
    status = run(L, luaL_loadfile(L, argv[script]), argc - script - 1,
                 argv + script + 1);
  lua_close(L);
  return status == LUA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
