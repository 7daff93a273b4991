/* See token.h. All bytes live in the userdata and are overwritten when it is
** released; no text but reveal...() gives them out. Scopes and the details of
** the response hang on the user value, a table {scopes =, response =}. Expiry is
** kept on the clock of deadlines, so that setting the time of day neither ages
** nor revives a token. */
#include "token.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "class.h"
#include "io/clock.h"
#include "io/wipe.h"

#define SALON_TOKEN "salon.Token"

enum { ACCESS, REFRESH, ID, PARTS };

static const char *const part_names[PARTS] = {"access", "refresh", "id_token"};

typedef struct salon_Token {
  double expires;          /* on salon_now's clock; NAN: unknown */
  double lifetime;         /* seconds, as issued; NAN: unknown */
  const char *part[PARTS]; /* into bytes; NULL: has none, or wiped */
  size_t len[PARTS];
  size_t size; /* of bytes */
  char bytes[];
} salon_Token;

static salon_Token *to_token(lua_State *L) {
  return (salon_Token *)luaL_checkudata(L, 1, SALON_TOKEN);
}

static salon_Token *open_token(lua_State *L) {
  salon_Token *t = to_token(L);
  luaL_argcheck(L, t->part[ACCESS] != NULL, 1, "token is wiped");
  return t;
}

/* Pushes field `name` of the table of parameters, nil or of type `type`, and
** says whether it is there. Raises for another type. */
static bool push_parameter(lua_State *L, const char *name, int type) {
  lua_getfield(L, 1, name);
  if (lua_isnil(L, -1)) return false;
  if (lua_type(L, -1) != type)
    luaL_error(L, "token: '%s' must be a %s, got %s", name,
               lua_typename(L, type), luaL_typename(L, -1));
  return true;
}

/* It becomes part of a header line: a token read from a file, say, must not
** bring a line end along. */
static void check_access(lua_State *L, const char *access, size_t len) {
  if (len == 0) luaL_error(L, "token: 'access' is missing");
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)access[i] <= ' ' || access[i] == 0x7f)
      luaL_error(L, "token: 'access' holds a blank or control character");
}

/* A number of seconds; `otherwise` where there is none. */
static double read_seconds(lua_State *L, const char *name, double otherwise) {
  double seconds = otherwise;
  if (push_parameter(L, name, LUA_TNUMBER)) {
    seconds = lua_tonumber(L, -1);
    if (!isfinite(seconds)) luaL_error(L, "token: '%s' must be finite", name);
  }
  lua_pop(L, 1);
  return seconds;
}

/* "a b" on the top becomes {"a", "b"}, nil becomes {}. */
static void split_scope(lua_State *L) {
  const char *s = lua_isnil(L, -1) ? "" : lua_tostring(L, -1);
  int n = 0;
  lua_newtable(L);
  for (s += strspn(s, " "); *s != '\0'; s += strspn(s, " ")) {
    size_t len = strcspn(s, " ");
    lua_pushlstring(L, s, len);
    lua_rawseti(L, -2, ++n);
    s += len;
  }
  lua_replace(L, -2);
}

/* Makes the user value of the token on the top: [-0, +0]. */
static void set_details(lua_State *L) {
  lua_createtable(L, 0, 2);
  push_parameter(L, "scope", LUA_TSTRING);
  split_scope(L);
  lua_setfield(L, -2, "scopes");
  push_parameter(L, "response", LUA_TTABLE);
  lua_setfield(L, -2, "response");
  salon_setuservalue(L, -2);
}

/* Puts a part and its NUL to `*to`, and moves that on. */
static void copy_part(salon_Token *t, int i, const char *bytes, char **to) {
  if (bytes == NULL) return;
  memcpy(*to, bytes, t->len[i] + 1);
  t->part[i] = *to;
  *to += t->len[i] + 1;
}

/* token{access =, refresh =, id_token =, expires_in =, lifetime =, scope =,
**       response =}
** lifetime: as issued, where that was a while ago */
static int token_new(lua_State *L) {
  const char *part[PARTS] = {NULL}; /* borrowed from strings on the stack */
  size_t len[PARTS] = {0}, size = 0;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  for (int i = 0; i < PARTS; i++)
    if (push_parameter(L, part_names[i], LUA_TSTRING)) {
      part[i] = lua_tolstring(L, -1, &len[i]);
      size += len[i] + 1;
    }
  check_access(L, part[ACCESS], len[ACCESS]);
  double left = read_seconds(L, "expires_in", NAN);
  double lifetime = read_seconds(L, "lifetime", left);
  salon_Token *t = (salon_Token *)salon_newuserdata(L, sizeof(*t) + size);
  memset(t, 0, sizeof(*t));
  memcpy(t->len, len, sizeof(len));
  t->size = size;
  t->lifetime = lifetime;
  t->expires = salon_now() + left;
  salon_setmetatable(L, SALON_TOKEN);
  set_details(L);
  char *to = t->bytes;
  for (int i = 0; i < PARTS; i++) /* last: from here on nothing raises */
    copy_part(t, i, part[i], &to);
  return 1;
}

/* No close method: a token is wiped only when it is collected. */
static int token_release(lua_State *L) {
  salon_Token *t = to_token(L);
  salon_wipe(t->bytes, t->size);
  memset(t->part, 0, sizeof(t->part));
  return 0;
}

static int push_part(lua_State *L, int i) {
  salon_Token *t = open_token(L);
  if (t->part[i] != NULL)
    lua_pushlstring(L, t->part[i], t->len[i]);
  else
    lua_pushnil(L);
  return 1;
}

static int token_reveal(lua_State *L) { return push_part(L, ACCESS); }

static int token_reveal_refresh(lua_State *L) { return push_part(L, REFRESH); }

static int token_reveal_id(lua_State *L) { return push_part(L, ID); }

/* Unknown is nil, not a number that compares. */
static int push_seconds(lua_State *L, double seconds) {
  if (isnan(seconds))
    lua_pushnil(L);
  else
    lua_pushnumber(L, seconds);
  return 1;
}

static int token_expires_in(lua_State *L) {
  return push_seconds(L, to_token(L)->expires - salon_now());
}

static int token_lifetime(lua_State *L) {
  return push_seconds(L, to_token(L)->lifetime);
}

static int token_tostring(lua_State *L) {
  double left = to_token(L)->expires - salon_now();
  char state[48] = "no expiry";
  if (left > 0)
    snprintf(state, sizeof(state), "expires in %.0f s", left < 1 ? 1 : left);
  else if (!isnan(left))
    strcpy(state, "expired");
  lua_pushfstring(L, "%s(%s)", SALON_TOKEN, state);
  return 1;
}

/* Methods first, then the details. */
static int token_index(lua_State *L) {
  to_token(L);
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  lua_rawget(L, SALON_METHODS);
  if (!lua_isnil(L, -1)) return 1;
  salon_getuservalue(L, 1);
  if (!lua_istable(L, -1)) return 0;
  lua_pushvalue(L, 2);
  lua_rawget(L, -2);
  return 1;
}

const char *salon_token_access(lua_State *L, int idx, size_t *len) {
  salon_Token *t = (salon_Token *)luaL_checkudata(L, idx, SALON_TOKEN);
  luaL_argcheck(L, t->part[ACCESS] != NULL, idx, "token is wiped");
  *len = t->len[ACCESS];
  return t->part[ACCESS];
}

static const luaL_Reg token_meta[] = {
  {"__gc", token_release}, /* no __close: a client goes on using its token */
  {"__index", token_index},
  {"__tostring", token_tostring},
  {NULL, NULL},
};

static const luaL_Reg token_methods[] = {
  {"expires_in", token_expires_in},
  {"lifetime", token_lifetime},
  /* these give the bytes out: */
  {"reveal", token_reveal},
  {"reveal_refresh", token_reveal_refresh},
  {"reveal_id", token_reveal_id},
  {NULL, NULL},
};

void salon_open_token(lua_State *L) {
  salon_newclass(L, SALON_TOKEN, token_meta, token_methods);
  lua_pushcfunction(L, token_new);
  lua_setfield(L, -2, "token");
}
