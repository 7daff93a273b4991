/* clock.c - core.now and core.pid: what the Lua side asks the system for. */
#include "clock.h"
#include "compat.h"

#include <unistd.h>

static int clock_now(lua_State *L) {
  lua_pushnumber(L, salon_now());
  return 1;
}

static int clock_pid(lua_State *L) {
  salon_pushinteger(L, getpid());
  return 1;
}

void salon_open_clock(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"now", clock_now},
    {"pid", clock_pid},
    {NULL, NULL},
  };
  salon_setfuncs(L, functions);
}
