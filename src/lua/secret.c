/* See secret.h. The bytes live in the userdata itself and are overwritten when
** it is released. Lua strings cannot be wiped, so the promise is "never
** printed", not "never in memory": nothing but reveal() gives the bytes out. */
#include "secret.h"

#include <string.h>

#include "class.h"
#include "io/wipe.h"

#define SALON_SECRET "salon.Secret"

typedef struct salon_Secret {
  size_t size; /* of bytes */
  bool filled; /* false before the bytes came and after they were wiped */
  char bytes[];
} salon_Secret;

static salon_Secret *to_secret(lua_State *L) {
  return (salon_Secret *)luaL_checkudata(L, 1, SALON_SECRET);
}

static salon_Secret *open_secret(lua_State *L) {
  salon_Secret *s = to_secret(L);
  luaL_argcheck(L, s->filled, 1, "secret is wiped");
  return s;
}

static int secret_new(lua_State *L) {
  size_t size;
  luaL_checktype(L, 1, LUA_TSTRING);
  const char *bytes = lua_tolstring(L, 1, &size);
  salon_Secret *s = (salon_Secret *)lua_newuserdata(L, sizeof(*s) + size);
  s->size = size;
  s->filled = false;
  salon_setmetatable(L, SALON_SECRET); /* from here on it will be wiped */
  memcpy(s->bytes, bytes, size);
  s->filled = true;
  return 1;
}

static int secret_release(lua_State *L) {
  salon_Secret *s = to_secret(L);
  salon_wipe(s->bytes, s->size);
  s->filled = false;
  return 0;
}

static int secret_reveal(lua_State *L) {
  salon_Secret *s = open_secret(L);
  lua_pushlstring(L, s->bytes, s->size);
  return 1;
}

/* The same for every length: that is a hint, too. */
static int secret_tostring(lua_State *L) {
  to_secret(L);
  lua_pushliteral(L, SALON_SECRET "(***)");
  return 1;
}

static int secret_is(lua_State *L) {
  lua_pushboolean(L, salon_testudata(L, 1, SALON_SECRET) != NULL);
  return 1;
}

static const luaL_Reg secret_meta[] = {
  {"__gc", secret_release},
  {"__close", secret_release},
  {"__tostring", secret_tostring},
  {NULL, NULL},
};

static const luaL_Reg secret_methods[] = {
  {"reveal", secret_reveal},
  {NULL, NULL},
};

void salon_open_secret(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"secret", secret_new},
    {"is_secret", secret_is},
    {NULL, NULL},
  };
  salon_newclass(L, SALON_SECRET, secret_meta, secret_methods);
  salon_setfuncs(L, functions);
}
