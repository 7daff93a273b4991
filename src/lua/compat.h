/* compat.h - lends the Lua 5.4 C API to Lua 5.1, LuaJIT, 5.2, 5.3 and 5.5.
**
** Every #if on a Lua version lives in this file. All names are our own
** (salon_...): LuaJIT's headers already define some of the luaL_... ones. A
** binary built against PUC 5.1 headers must load in LuaJIT as well, so nothing
** here uses a symbol that PUC 5.1 lacks. Whatever can be written once for all
** versions is. */
#ifndef SALON_COMPAT_H
#define SALON_COMPAT_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>
#include <lauxlib.h>

#if LUA_VERSION_NUM < 501
#error "salon needs Lua 5.1 or newer"
#endif

/* A lua_Number holds every integer up to here; on Lua 5.1 there is no other
** kind of number. */
#define SALON_MAXINTEGER 9007199254740992.0 /* 2^53 */

/* ---- what differs between versions ---- */

#if LUA_VERSION_NUM >= 502
#define salon_rawlen(L, idx) ((size_t)lua_rawlen(L, idx))
#else
#define salon_rawlen(L, idx) lua_objlen(L, idx)
#endif

/* New userdata with room for one user value, nil at first: [-0, +1].
** salon_getuservalue pushes it; salon_setuservalue pops a table or nil. */
#if LUA_VERSION_NUM >= 504
#define salon_newuserdata(L, size) lua_newuserdatauv(L, size, 1)
#define salon_getuservalue(L, idx) ((void)lua_getiuservalue(L, idx, 1))
#define salon_setuservalue(L, idx) ((void)lua_setiuservalue(L, idx, 1))
#elif LUA_VERSION_NUM >= 502
#define salon_newuserdata(L, size) lua_newuserdata(L, size)
#define salon_getuservalue(L, idx) ((void)lua_getuservalue(L, idx))
#define salon_setuservalue(L, idx) ((void)lua_setuservalue(L, idx))
#else
/* The environment serves as user value. It cannot be nil and starts as the
** globals of whoever called; the registry, which is nobody's user value,
** marks it as not set. */
static inline void *salon_newuserdata(lua_State *L, size_t size) {
  void *block = lua_newuserdata(L, size);
  lua_pushvalue(L, LUA_REGISTRYINDEX);
  lua_setfenv(L, -2);
  return block;
}

static inline void salon_getuservalue(lua_State *L, int idx) {
  lua_getfenv(L, idx);
  if (!lua_istable(L, -1) || lua_rawequal(L, -1, LUA_REGISTRYINDEX)) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
}

static inline void salon_setuservalue(lua_State *L, int idx) {
  if (lua_isnil(L, -1)) {
    if (idx < 0 && idx > LUA_REGISTRYINDEX) idx = lua_gettop(L) + idx + 1;
    lua_pop(L, 1);
    lua_pushvalue(L, LUA_REGISTRYINDEX);
  }
  lua_setfenv(L, idx);
}
#endif

/* New userdata that is nothing but `n` user values, nil at first: [-0, +1].
** salon_getpart pushes the one of number `part`; salon_setpart pops it. */
#if LUA_VERSION_NUM >= 504
#define salon_newparts(L, n) ((void)lua_newuserdatauv(L, 0, n))
#define salon_getpart(L, idx, part) ((void)lua_getiuservalue(L, idx, part))
#define salon_setpart(L, idx, part) ((void)lua_setiuservalue(L, idx, part))
#else
static inline void salon_newparts(lua_State *L, int n) {
  salon_newuserdata(L, 0);
  lua_createtable(L, n, 0);
  salon_setuservalue(L, -2);
}

static inline void salon_getpart(lua_State *L, int idx, int part) {
  salon_getuservalue(L, idx);
  lua_rawgeti(L, -1, part);
  lua_replace(L, -2);
}

static inline void salon_setpart(lua_State *L, int idx, int part) {
  salon_getuservalue(L, idx);
  lua_insert(L, -2);
  lua_rawseti(L, -2, part);
  lua_pop(L, 1);
}
#endif

/* Is the number at `idx` stored as an integer? Never on Lua < 5.3. */
#if LUA_VERSION_NUM >= 503
#define salon_isinteger(L, idx) lua_isinteger(L, idx)
#define SALON_HAS_INTEGERS 1
#else
#define salon_isinteger(L, idx) ((void)(L), (void)(idx), 0)
#define SALON_HAS_INTEGERS 0
#endif

/* Pushes a whole number: an integer where Lua has them, else a double. (The
** lua_Integer of a 32-bit Lua 5.1 is too small for sizes and ids.) */
static inline void salon_pushinteger(lua_State *L, long long n) {
#if SALON_HAS_INTEGERS
  lua_pushinteger(L, (lua_Integer)n);
#else
  lua_pushnumber(L, (lua_Number)n);
#endif
}

/* ---- written once for all versions ---- */

static inline int salon_absindex(lua_State *L, int idx) {
  return idx > 0 || idx <= LUA_REGISTRYINDEX ? idx : lua_gettop(L) + idx + 1;
}

/* Is `n` whole and small enough for a double to hold it exactly? */
static inline bool salon_iswhole(lua_Number n) {
  return n >= -SALON_MAXINTEGER && n <= SALON_MAXINTEGER &&
         (lua_Number)(long long)n == n;
}

/* The value at `idx` as a whole number: true and *n, or false when it is not a
** number, has a fraction or is beyond 2^53. Strings are not converted. */
static inline bool salon_towhole(lua_State *L, int idx, long long *n) {
  if (lua_type(L, idx) != LUA_TNUMBER) return false;
  if (salon_isinteger(L, idx)) {
    *n = (long long)lua_tointeger(L, idx);
    return true;
  }
  lua_Number value = lua_tonumber(L, idx);
  if (!salon_iswhole(value)) return false;
  *n = (long long)value;
  return true;
}

/* Gives the userdata on the top the class `name`: [-0, +0]. From here on it is
** collected by the class's __gc, so it must be valid before. */
static inline void salon_setmetatable(lua_State *L, const char *name) {
  luaL_getmetatable(L, name);
  lua_setmetatable(L, -2);
}

/* The userdata of class `name` at `idx`, or NULL. Never raises. */
static inline void *salon_testudata(lua_State *L, int idx, const char *name) {
  void *block = lua_touserdata(L, idx);
  if (block == NULL || !lua_getmetatable(L, idx)) return NULL;
  luaL_getmetatable(L, name);
  if (!lua_rawequal(L, -1, -2)) block = NULL;
  lua_pop(L, 2);
  return block;
}

/* t[name] = function, for the table on top. */
static inline void salon_setfuncs(lua_State *L, const luaL_Reg *list) {
  for (; list != NULL && list->name != NULL; list++) {
    lua_pushcfunction(L, list->func);
    lua_setfield(L, -2, list->name);
  }
}

/* t[address] for the table at `idx`: [-0, +1] and [-1, +0]. */
static inline void salon_rawgetp(lua_State *L, int idx, const void *key) {
  idx = salon_absindex(L, idx);
  lua_pushlightuserdata(L, (void *)key);
  lua_rawget(L, idx);
}

static inline void salon_rawsetp(lua_State *L, int idx, const void *key) {
  idx = salon_absindex(L, idx);
  lua_pushlightuserdata(L, (void *)key);
  lua_insert(L, -2);
  lua_rawset(L, idx);
}

/* Raises, as Lua's own functions do: "bad argument #arg to 'f' (<expected> expected, got <type>)". */
static inline int salon_typeerror(lua_State *L, int arg, const char *expected) {
  const char *got = luaL_typename(L, arg);
  lua_pushfstring(L, "%s expected, got %s", expected, got);
  return luaL_argerror(L, arg, lua_tostring(L, -1));
}

#endif
