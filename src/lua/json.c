/* json.c - an encoder of our own, and one walk over what lua-cjson decoded.
 *
 * Encoding is ours because request bodies must be the same bytes whichever
 * lua-cjson is installed; decoding is lua-cjson's. The text grows in blocks
 * of Lua's, reachable from the stack, so raising at any point leaks nothing.
 * No metamethod runs while encoding. */
#include "json.h"
#include "compat.h"
#include "record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SALON_ARRAY "salon.Array" /* the metatable core.array_mt */
#define ENCODE_DEPTH 100
#define DECODE_DEPTH 1024 /* lua-cjson decodes 1000 levels */
#define PATH_DEPTH 8      /* as much of a path as a message shows */

/* -- growing text --------------------------------------------------------- */

enum { VALUE = 1, BLOCK }; /* stack of core.encode */

typedef struct Text {
  lua_State *L;
  char *data; /* `small`, or the userdata at BLOCK */
  size_t len, cap;
  char small[512];
} Text;

/* Room for `n` more bytes; returns where they go. */
static char *reserve(Text *t, size_t n) {
  if (n > t->cap - t->len) {
    size_t cap = 2 * t->cap + n;
    char *data = (char *)lua_newuserdata(t->L, cap);
    memcpy(data, t->data, t->len);
    lua_replace(t->L, BLOCK);
    t->data = data;
    t->cap = cap;
  }
  return t->data + t->len;
}

static void add(Text *t, const char *s, size_t n) {
  memcpy(reserve(t, n), s, n);
  t->len += n;
}

static void addtext(Text *t, const char *s) { add(t, s, strlen(s)); }

static void addchar(Text *t, char c) {
  *reserve(t, 1) = c;
  t->len++;
}

static void addwhole(Text *t, long long n) {
  char digits[32];
  add(t, digits, (size_t)snprintf(digits, sizeof(digits), "%lld", n));
}

/* -- refusing ------------------------------------------------------------- */

/* Where in the value we are: a list from the inside out, on the C stack. */
typedef struct Place {
  const struct Place *up; /* NULL for the value itself */
  const char *key;        /* borrowed from the table; NULL: item `index` */
  size_t len;
  long long index;
  int depth;
} Place;

static void addpath(Text *t, const Place *at) {
  if (at->up == NULL) return;
  addpath(t, at->up);
  if (at->depth == PATH_DEPTH + 1) addtext(t, "...");
  if (at->depth > PATH_DEPTH) return;
  if (at->key == NULL) {
    addchar(t, '[');
    addwhole(t, at->index);
    addchar(t, ']');
  } else {
    if (at->depth > 1) addchar(t, '.');
    add(t, at->key, at->len);
  }
}

/* Raises "cannot encode <what> at <path>". The text so far is given up. */
static void refuse(Text *t, const Place *at, const char *what) {
  t->len = 0;
  addtext(t, "cannot encode ");
  addtext(t, what);
  if (at->up != NULL) addtext(t, " at ");
  addpath(t, at);
  lua_pushlstring(t->L, t->data, t->len);
  lua_error(t->L);
}

static void refusetype(Text *t, const Place *at) {
  const char *name = luaL_typename(t->L, -1);
  if (luaL_getmetafield(t->L, -1, "__name") && lua_isstring(t->L, -1))
    name = lua_tostring(t->L, -1);
  refuse(t, at, lua_pushfstring(t->L, "a %s", name));
}

static void refusekey(Text *t, const Place *at) {
  const char *name = luaL_typename(t->L, -1);
  refuse(t, at, lua_pushfstring(t->L, "a table with a %s as key", name));
}

/* -- strings and numbers -------------------------------------------------- */

static void addescape(Text *t, unsigned char c) {
  static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
  const char *found = c != '\0' ? strchr(plain, c) : NULL;
  char code[8];
  if (found != NULL)
    snprintf(code, sizeof(code), "\\%c", letter[found - plain]);
  else
    snprintf(code, sizeof(code), "\\u%04x", (unsigned)c);
  addtext(t, code);
}

static void addstring(Text *t, const char *s, size_t len) {
  const char *end = s + len, *from = s;
  addchar(t, '"');
  for (; s < end; s++) {
    unsigned char c = (unsigned char)*s;
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    add(t, from, (size_t)(s - from));
    addescape(t, c);
    from = s + 1;
  }
  add(t, from, (size_t)(end - from));
  addchar(t, '"');
}

/* Whatever bytes the locale uses as decimal point become one '.'. */
static void addfloat(Text *t, lua_Number value) {
  char digits[64];
  int precision = 14;
  const char *s = digits;
  do snprintf(digits, sizeof(digits), "%.*g", ++precision, (double)value);
  while (precision < 17 && strtod(digits, NULL) != value);
  while (*s != '\0') {
    size_t n = strspn(s, "0123456789+-e");
    add(t, s, n);
    s += n;
    n = strcspn(s, "0123456789+-e");
    if (n > 0) addchar(t, '.');
    s += n;
  }
}

static void addnumber(Text *t, const Place *at) {
  long long n;
  lua_Number value = lua_tonumber(t->L, -1);
  if (salon_towhole(t->L, -1, &n))
    addwhole(t, n);
  else if (isfinite(value))
    addfloat(t, value);
  else
    refuse(t, at, isnan(value) ? "NaN" : "infinity");
}

/* -- tables --------------------------------------------------------------- */

typedef struct Key {
  const char *s; /* anchored by the list of keys */
  size_t len;
  int index; /* in that list */
} Key;

static void encode(Text *t, const Place *at);

static int ismarked(lua_State *L, int idx) {
  int marked;
  if (!lua_getmetatable(L, idx)) return 0;
  luaL_getmetatable(L, SALON_ARRAY);
  marked = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return marked;
}

/* Is the table on the top a JSON array? *size: its items, or its fields. */
static int isarray(Text *t, const Place *at, int *size) {
  lua_State *L = t->L;
  int marked = ismarked(L, -1), items = 0, fields = 0;
  long long last = 0, n;
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING)
      fields++;
    else if (salon_towhole(L, -1, &n) && n >= 1) {
      items++;
      last = n > last ? n : last;
    } else
      refusekey(t, at);
  }
  if (fields > 0 && (items > 0 || marked))
    refuse(t, at, "a list that has fields too");
  if (last != items) refuse(t, at, "a list with holes");
  *size = items + fields;
  return items > 0 || marked;
}

static void encodearray(Text *t, const Place *at, int size) {
  Place here = {at, NULL, 0, 0, at->depth + 1};
  addchar(t, '[');
  while (here.index < size) {
    if (here.index > 0) addchar(t, ',');
    lua_rawgeti(t->L, -1, (int)++here.index);
    encode(t, &here);
    lua_pop(t->L, 1);
  }
  addchar(t, ']');
}

static int comparekeys(const void *left, const void *right) {
  const Key *a = (const Key *)left, *b = (const Key *)right;
  int order = memcmp(a->s, b->s, a->len < b->len ? a->len : b->len);
  return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

/* Pushes the list of keys of the table on the top and their sorted order.
   The list keeps them alive should a finaliser change the table meanwhile;
   *size is how many there really are. */
static const Key *sortkeys(lua_State *L, int *size) {
  int object = lua_gettop(L), list = object + 1, n = 0;
  Key *keys;
  lua_createtable(L, *size, 0);
  keys = (Key *)lua_newuserdata(L, (size_t)*size * sizeof(*keys));
  lua_pushnil(L);
  while (n < *size && lua_next(L, object)) {
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_rawseti(L, list, n + 1);
    keys[n].s = lua_tolstring(L, -1, &keys[n].len);
    keys[n].index = n + 1;
    n++;
  }
  lua_settop(L, list + 1);
  qsort(keys, (size_t)n, sizeof(*keys), comparekeys);
  *size = n;
  return keys;
}

static void encodeobject(Text *t, const Place *at, int size) {
  lua_State *L = t->L;
  int object = lua_gettop(L), i;
  Place here = {at, NULL, 0, 0, at->depth + 1};
  const Key *keys = sortkeys(L, &size);
  addchar(t, '{');
  for (i = 0; i < size; i++) {
    if (i > 0) addchar(t, ',');
    here.key = keys[i].s;
    here.len = keys[i].len;
    addstring(t, here.key, here.len);
    addchar(t, ':');
    lua_rawgeti(L, object + 1, keys[i].index);
    lua_rawget(L, object);
    encode(t, &here);
    lua_pop(L, 1);
  }
  addchar(t, '}');
  lua_settop(L, object);
}

static void encodetable(Text *t, const Place *at) {
  int size;
  if (at->depth >= ENCODE_DEPTH) refuse(t, at, "more than 100 nested tables");
  luaL_checkstack(t->L, 16, "JSON");
  if (isarray(t, at, &size))
    encodearray(t, at, size);
  else
    encodeobject(t, at, size);
}

/* -- values --------------------------------------------------------------- */

static void encodeuserdata(Text *t, const Place *at) {
  if (lua_touserdata(t->L, -1) == NULL)
    addtext(t, "null");
  else if (salon_record_raw(t->L, -1)) {
    encodetable(t, at);
    lua_pop(t->L, 1);
  } else
    refusetype(t, at);
}

/* Adds the value on the top of the stack, and leaves it there. */
static void encode(Text *t, const Place *at) {
  lua_State *L = t->L;
  const char *s;
  size_t len;
  switch (lua_type(L, -1)) {
  case LUA_TSTRING:
    s = lua_tolstring(L, -1, &len);
    addstring(t, s, len);
    break;
  case LUA_TNUMBER:
    addnumber(t, at);
    break;
  case LUA_TBOOLEAN:
    addtext(t, lua_toboolean(L, -1) ? "true" : "false");
    break;
  case LUA_TTABLE:
    encodetable(t, at);
    break;
  case LUA_TUSERDATA:
  case LUA_TLIGHTUSERDATA:
    encodeuserdata(t, at);
    break;
  default:
    refusetype(t, at);
  }
}

static int json_encode(lua_State *L) {
  Text t;
  Place root = {NULL, NULL, 0, 0, 0};
  t.L = L;
  t.data = t.small;
  t.len = 0;
  t.cap = sizeof(t.small);
  luaL_checkany(L, VALUE);
  lua_settop(L, VALUE);
  lua_pushnil(L); /* BLOCK */
  lua_pushvalue(L, VALUE);
  encode(&t, &root);
  lua_pushlstring(L, t.data, t.len);
  return 1;
}

/* -- what was decoded ----------------------------------------------------- */

/* 1 when the value on the top had to be replaced by another. */
static int tidy(lua_State *L) {
  int type = lua_type(L, -1);
  long long n;
  if (type == LUA_TLIGHTUSERDATA && lua_touserdata(L, -1) == NULL)
    lua_pushnil(L);
  else if (SALON_HAS_INTEGERS && type == LUA_TNUMBER &&
           !salon_isinteger(L, -1) && salon_towhole(L, -1, &n))
    salon_pushinteger(L, n);
  else
    return 0;
  lua_replace(L, -2);
  return 1;
}

/* Tidies the table on the top. Only fields that exist are assigned to, which
   lua_next allows. */
static void tidytable(lua_State *L, int depth) {
  if (depth > DECODE_DEPTH) luaL_error(L, "JSON is nested too deeply");
  luaL_checkstack(L, 6, "JSON is nested too deeply");
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    int type = lua_type(L, -1);
    if (type == LUA_TTABLE)
      tidytable(L, depth + 1);
    else if (type != LUA_TSTRING && tidy(L)) { /* most are strings */
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, -4);
      continue;
    }
    lua_pop(L, 1);
  }
}

/* May valid JSON hold what tidy() replaces? Null and numbers outside of
   strings do; a string that holds quotes or ends in a backslash might. */
static int isuntidy(const char *s, size_t len) {
  const char *end = s + len;
  for (; s < end; s++) {
    if (*s == 'n' || (SALON_HAS_INTEGERS && *s >= '-' && *s <= '9')) return 1;
    if (*s != '"') continue;
    s = (const char *)memchr(s + 1, '"', (size_t)(end - s - 1));
    if (s == NULL || s[-1] == '\\') return 1;
  }
  return 0;
}

/* normalise(value [, the text it was decoded from]) -> value. The text tells
   for less than half a walk whether there is anything to do; if so, a list
   mostly says so in its first item. */
static int json_normalise(lua_State *L) {
  size_t len = 0;
  const char *text = luaL_optlstring(L, 2, NULL, &len);
  int untidy = text == NULL || isuntidy(text, len);
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  if (untidy && lua_istable(L, 1))
    tidytable(L, 1);
  else if (untidy)
    tidy(L);
  return 1;
}

void salon_open_json(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"encode", json_encode},
    {"normalise", json_normalise},
    {NULL, NULL},
  };
  salon_setfuncs(L, functions);
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  luaL_newmetatable(L, SALON_ARRAY);
  lua_setfield(L, -2, "array_mt");
}
