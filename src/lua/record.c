/* See record.h.
**
** What a class is called and can do is said in Lua: {name =, backend =,
** methods =, getters =}; a getter is a function, or the name of the field that
** the server has for it. Its metatable is made with its first record and kept
** in the class, so it goes when the class goes. The metamethods share three
** upvalues: the class's two tables and the metatable itself.
**
** A record is a userdata without bytes. What it shows, the service that made it and
** its response are user values: the collector follows them, nothing is freed here.
** The one thing not to break: no metamethod may run on a record that lacks its
** user values, so its metatable is set last. */
#include "record.h"

#include <string.h>

#include "compat.h"
#include "json.h"

/* User values; GIVEN holds what the getters returned. */
enum { RAW = 1, SERVICE, RESPONSE, GIVEN, PARTS = GIVEN };
enum { METHODS = 1, GETTERS, META }; /* upvalues of the metamethods */

/* A key, by its address: class[&metatable_key] is the metatable of the class,
** metatable[&metatable_key] marks it as one of records, which nobody forges. */
static const char metatable_key;

static bool is_record(lua_State *L, int idx) {
  if (lua_type(L, idx) != LUA_TUSERDATA || !lua_getmetatable(L, idx))
    return false;
  salon_rawgetp(L, -1, &metatable_key);
  bool found = lua_toboolean(L, -1);
  lua_pop(L, 2);
  return found;
}

static void check_record(lua_State *L, int arg) {
  if (!is_record(L, arg)) salon_typeerror(L, arg, "record");
}

/* In a metamethod: the first of `n` arguments is a record of this class; raises
** otherwise, since debug.getmetatable hands metamethods to anybody, and the
** metatable itself to any table. */
static void check_self(lua_State *L, int n) {
  lua_settop(L, n);
  if (lua_type(L, 1) != LUA_TUSERDATA || !lua_getmetatable(L, 1) ||
      !lua_rawequal(L, -1, lua_upvalueindex(META)))
    salon_typeerror(L, 1, "record");
  lua_pop(L, 1);
}

bool salon_record_raw(lua_State *L, int idx) {
  if (!is_record(L, idx)) return false;
  salon_getpart(L, idx, RAW);
  return true;
}

/* ---- copying ---- */

/* Replaces the table or record on the top by a deep copy. Raw access only; a
** metatable (the mark of an array) is kept as it is. */
static void deep_copy(lua_State *L, int depth) {
  if (salon_record_raw(L, -1)) lua_replace(L, -2);
  if (!lua_istable(L, -1)) return;
  if (depth > SALON_MAX_DEPTH) luaL_error(L, "tables nested too deeply");
  luaL_checkstack(L, 8, "tables nested too deeply");
  int from = lua_gettop(L);
  lua_newtable(L);
  lua_pushnil(L);
  while (lua_next(L, from)) {
    deep_copy(L, depth + 1);
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, from + 1);
  }
  if (lua_getmetatable(L, from)) lua_setmetatable(L, from + 1);
  lua_replace(L, from);
}

static int record_totable(lua_State *L) {
  check_record(L, 1);
  lua_settop(L, 1);
  deep_copy(L, 1);
  return 1;
}

/* ---- reading ---- */

/* Pushes what the getters of the record at 1 gave, by name. */
static void push_given(lua_State *L) {
  salon_getpart(L, 1, GIVEN);
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  salon_setpart(L, 1, GIVEN);
}

/* The getter is on the top: its result for the key at 2, from now on without
** asking it again. In the table of what was given the table itself stands for
** "it returned nil". The getter may raise: then nothing is remembered. */
static int call_getter(lua_State *L) {
  int getter = lua_gettop(L), given = getter + 1;
  push_given(L);
  lua_pushvalue(L, 2);
  lua_rawget(L, given);
  if (lua_isnil(L, -1)) {
    lua_pushvalue(L, getter);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, lua_isnil(L, -2) ? given : -2);
    lua_rawset(L, given);
  }
  return lua_rawequal(L, -1, given) ? 0 : 1;
}

/* What every record has: whether `key` is such a name, its value pushed. Most
** keys are names of fields and differ in their first letter. */
static bool push_named(lua_State *L, const char *key) {
  if (*key != 'r' && *key != 'b' && *key != 't') return false;
  if (strcmp(key, "raw") == 0)
    salon_getpart(L, 1, RAW);
  else if (strcmp(key, "response") == 0)
    salon_getpart(L, 1, RESPONSE);
  else if (strcmp(key, "backend") == 0)
    lua_getfield(L, lua_upvalueindex(META), "backend");
  else if (strcmp(key, "totable") == 0)
    lua_pushcfunction(L, record_totable);
  else
    return false;
  return true;
}

/* The field named by the value at `idx`. */
static int push_field(lua_State *L, int idx) {
  salon_getpart(L, 1, RAW);
  lua_pushvalue(L, idx);
  lua_rawget(L, -2);
  return 1;
}

static int record_index(lua_State *L) {
  check_self(L, 2);
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(METHODS));
  if (!lua_isnil(L, -1)) return 1;
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(GETTERS));
  if (lua_type(L, -1) == LUA_TSTRING) return push_field(L, lua_gettop(L));
  if (!lua_isnil(L, -1)) return call_getter(L);
  if (lua_type(L, 2) == LUA_TSTRING && push_named(L, lua_tostring(L, 2)))
    return 1;
  return push_field(L, 2);
}

static int record_newindex(lua_State *L) {
  lua_getfield(L, lua_upvalueindex(META), "__name");
  return luaL_error(L, "%s is read-only", lua_tostring(L, -1));
}

static int record_next(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  if (lua_next(L, 1)) return 2;
  lua_pushnil(L);
  return 1;
}

static int record_pairs(lua_State *L) {
  check_self(L, 1);
  lua_pushcfunction(L, record_next);
  salon_getpart(L, 1, RAW);
  lua_pushnil(L);
  return 3;
}

static int record_tostring(lua_State *L) {
  check_self(L, 1);
  lua_getfield(L, lua_upvalueindex(META), "__name");
  lua_getfield(L, lua_upvalueindex(META), "backend");
  salon_getpart(L, 1, RAW);
  lua_getfield(L, -1, "id");
  const char *name = lua_tostring(L, -4);
  const char *backend = lua_tostring(L, -3);
  const char *id = lua_tostring(L, -1);
  lua_pushfstring(L, "%s(%s%s%s)", name, id != NULL ? id : "",
                  id != NULL && backend != NULL ? " " : "",
                  backend != NULL ? backend : "");
  return 1;
}

/* ---- classes ---- */

static const luaL_Reg record_meta[] = {
  {"__index", record_index},
  {"__newindex", record_newindex},
  {"__pairs", record_pairs},
  {"__tostring", record_tostring},
  {NULL, NULL},
};

/* Pushes class[name], which must be a table. */
static void push_members(lua_State *L, int class, const char *name) {
  lua_getfield(L, class, name);
  if (!lua_istable(L, -1))
    luaL_error(L, "record: class needs a table '%s'", name);
}

/* Makes the metatable of the class at `class`: [-0, +1]. Raises when the class
** is not a whole one, which is then left as it was. */
static void make_metatable(lua_State *L, int class) {
  lua_newtable(L);
  int meta = lua_gettop(L);
  push_members(L, class, "methods");
  push_members(L, class, "getters");
  lua_getfield(L, class, "name");
  if (lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L, "record: class needs a string 'name'");
  lua_setfield(L, meta, "__name");
  lua_getfield(L, class, "backend");
  lua_setfield(L, meta, "backend");
  for (const luaL_Reg *f = record_meta; f->name != NULL; f++) {
    lua_pushvalue(L, meta + METHODS);
    lua_pushvalue(L, meta + GETTERS);
    lua_pushvalue(L, meta);
    lua_pushcclosure(L, f->func, 3);
    lua_setfield(L, meta, f->name);
  }
  lua_settop(L, meta);
  lua_pushboolean(L, 1);
  salon_rawsetp(L, meta, &metatable_key);
  lua_pushvalue(L, meta);
  salon_rawsetp(L, class, &metatable_key); /* last: nothing raises after it */
}

static void push_metatable(lua_State *L, int class) {
  salon_rawgetp(L, class, &metatable_key);
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  make_metatable(L, class);
}

/* The stack of what makes records: the class, what the parts come from in the
** order of the parts, and the metatable. */
enum { CLASS = 1, RAWS = CLASS + RAW, MADE = CLASS + RESPONSE + 1 };

static void check_class(lua_State *L) {
  luaL_checktype(L, CLASS, LUA_TTABLE);
  luaL_checktype(L, RAWS, LUA_TTABLE);
  lua_settop(L, MADE - 1);
  push_metatable(L, CLASS);
}

/* Pushes the record that shows the table on the top. */
static void wrap(lua_State *L) {
  salon_newparts(L, PARTS);
  lua_pushvalue(L, -2);
  salon_setpart(L, -2, RAW);
  for (int part = SERVICE; part <= RESPONSE; part++) {
    lua_pushvalue(L, CLASS + part);
    salon_setpart(L, -2, part);
  }
  lua_pushvalue(L, MADE); /* last: no metamethod runs on a half-made record */
  lua_setmetatable(L, -2);
}

/* record(class, raw, service, response) */
static int record_new(lua_State *L) {
  check_class(L);
  lua_pushvalue(L, RAWS);
  wrap(L);
  return 1;
}

/* records(class, list of raw, service, response) -> list */
static int record_list(lua_State *L) {
  check_class(L);
  int n = (int)salon_rawlen(L, RAWS);
  lua_createtable(L, n, 0);
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, RAWS, i);
    if (!lua_istable(L, -1))
      luaL_error(L, "records: item %d is not a table", i);
    wrap(L);
    lua_rawseti(L, -3, i);
    lua_pop(L, 1);
  }
  return 1;
}

static int record_raw(lua_State *L) {
  check_record(L, 1);
  salon_getpart(L, 1, RAW);
  return 1;
}

static int record_service_of(lua_State *L) {
  check_record(L, 1);
  salon_getpart(L, 1, SERVICE);
  return 1;
}

void salon_open_record(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"record", record_new}, {"records", record_list},
    {"raw", record_raw},    {"service_of", record_service_of},
    {NULL, NULL},
  };
  salon_setfuncs(L, functions);
}
