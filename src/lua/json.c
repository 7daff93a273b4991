/* json.c - a JSON encoder of our own.
 *
 * Request bodies must be the same bytes whichever lua-cjson is installed, which
 * decodes (decode.c). The text grows in blocks
 * of Lua's, reachable from the stack, so raising at any point leaks nothing.
 * No metamethod runs while encoding. */
#include "json.h"
#include "compat.h"
#include "record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENCODE_DEPTH 100
#define PATH_DEPTH 8 /* as much of a path as a message shows */

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

size_t salon_utf8_length(const char *s, const char *end) {
  const unsigned char *p = (const unsigned char *)s;
  unsigned char low = 0x80, high = 0xBF; /* of the second byte: RFC 3629 */
  if (p[0] < 0x80) return 1;
  if (p[0] < 0xC2 || p[0] > 0xF4) return 0;
  size_t n = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
  if (p[0] == 0xE0) low = 0xA0;
  if (p[0] == 0xED) high = 0x9F;
  if (p[0] == 0xF0) low = 0x90;
  if (p[0] == 0xF4) high = 0x8F;
  if ((size_t)(end - s) < n || p[1] < low || p[1] > high) return 0;
  for (size_t i = 2; i < n; i++)
    if (p[i] < 0x80 || p[i] > 0xBF) return 0;
  return n;
}

static void addstring(Text *t, const Place *at, const char *s, size_t len) {
  const char *end = s + len, *from = s;
  addchar(t, '"');
  while (s < end) {
    unsigned char c = (unsigned char)*s;
    size_t n = c < 0x80 ? 1 : salon_utf8_length(s, end);
    if (n == 0) refuse(t, at, "a string that is not UTF-8");
    if (c < 0x20 || c == '"' || c == '\\') {
      add(t, from, (size_t)(s - from));
      addescape(t, c);
      from = s + 1;
    }
    s += n;
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

/* The same, where nil is a null that the table's note tells of. */
static void encodefield(Text *t, const Place *at) {
  if (lua_isnil(t->L, -1))
    addtext(t, "null");
  else
    encode(t, at);
}

static const char NULLS; /* metatable[&NULLS]: it is a note of nulls */

void salon_note_nulls(lua_State *L, bool list) {
  lua_pushboolean(L, list);
  salon_rawsetp(L, -2, &NULLS);
}

/* For the table on the top: pushes its note of nulls, or nil. True: it is known
   to be a list. */
static bool pushnote(lua_State *L) {
  bool list = false, note = false;
  if (lua_getmetatable(L, -1)) {
    luaL_getmetatable(L, SALON_ARRAY);
    list = lua_rawequal(L, -1, -2);
    salon_rawgetp(L, -2, &NULLS);
    note = !lua_isnil(L, -1);
    list = list || lua_toboolean(L, -1);
    lua_pop(L, note ? 2 : 3);
  }
  if (!note) lua_pushnil(L);
  return list;
}

/* Is the field of the key on the top still null, as the note has it? */
static bool isnull(lua_State *L, int table) {
  lua_pushvalue(L, -1);
  lua_rawget(L, table);
  bool null = lua_isnil(L, -1);
  lua_pop(L, 1);
  return null;
}

typedef struct Shape {
  int items, fields; /* keys that are numbers, and that are strings */
  long long last;    /* the largest number */
} Shape;

static void countkey(Text *t, const Place *at, Shape *shape) {
  long long n;
  if (lua_type(t->L, -1) == LUA_TSTRING) {
    shape->fields++;
  } else if (salon_towhole(t->L, -1, &n) && n >= 1) {
    shape->items++;
    shape->last = n > shape->last ? n : shape->last;
  } else {
    refusekey(t, at);
  }
}

/* Is the table below its note a JSON array? *size: its items, or its fields. */
static bool isarray(Text *t, const Place *at, bool list, int *size) {
  lua_State *L = t->L;
  int note = lua_gettop(L), table = note - 1;
  Shape shape = {0, 0, 0};
  lua_pushnil(L);
  while (lua_next(L, table)) {
    lua_pop(L, 1);
    countkey(t, at, &shape);
  }
  for (int i = 1, n = lua_istable(L, note) ? (int)salon_rawlen(L, note) : 0;
       i <= n; i++) {
    lua_rawgeti(L, note, i);
    if (isnull(L, table)) countkey(t, at, &shape);
    lua_pop(L, 1);
  }
  if (shape.fields > 0 && (shape.items > 0 || list))
    refuse(t, at, "a list that has fields too");
  if (shape.last != shape.items) refuse(t, at, "a list with holes");
  *size = shape.items + shape.fields;
  return shape.items > 0 || list;
}

static void encodearray(Text *t, const Place *at, int size) {
  Place here = {at, NULL, 0, 0, at->depth + 1};
  addchar(t, '[');
  while (here.index < size) {
    if (here.index > 0) addchar(t, ',');
    lua_rawgeti(t->L, -2, (int)++here.index);
    encodefield(t, &here);
    lua_pop(t->L, 1);
  }
  addchar(t, ']');
}

static int comparekeys(const void *left, const void *right) {
  const Key *a = (const Key *)left, *b = (const Key *)right;
  int order = memcmp(a->s, b->s, a->len < b->len ? a->len : b->len);
  return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

/* Adds the key on the top to both lists. */
static void addkey(lua_State *L, int list, Key *keys, int n) {
  lua_pushvalue(L, -1);
  lua_rawseti(L, list, n + 1);
  keys[n].s = lua_tolstring(L, -1, &keys[n].len);
  keys[n].index = n + 1;
}

/* Pushes the list of keys of the table at `object`, with those of its note, and
   their sorted order. The list keeps them alive should a finaliser change the
   table meanwhile; *size is how many there really are. */
static const Key *sortkeys(lua_State *L, int object, int *size) {
  int note = object + 1, list = object + 2, n = 0;
  lua_createtable(L, *size, 0);
  Key *keys = (Key *)lua_newuserdata(L, (size_t)*size * sizeof(*keys));
  lua_pushnil(L);
  while (n < *size && lua_next(L, object)) {
    lua_pop(L, 1);
    addkey(L, list, keys, n++);
  }
  lua_settop(L, list + 1);
  for (int i = 1; n < *size && lua_istable(L, note); i++) {
    lua_rawgeti(L, note, i);
    if (lua_isnil(L, -1)) break;
    if (isnull(L, object)) addkey(L, list, keys, n++);
    lua_pop(L, 1);
  }
  lua_settop(L, list + 1);
  qsort(keys, (size_t)n, sizeof(*keys), comparekeys);
  *size = n;
  return keys;
}

static void encodeobject(Text *t, const Place *at, int size) {
  lua_State *L = t->L;
  int object = lua_gettop(L) - 1;
  Place here = {at, NULL, 0, 0, at->depth + 1};
  const Key *keys = sortkeys(L, object, &size);
  addchar(t, '{');
  for (int i = 0; i < size; i++) {
    if (i > 0) addchar(t, ',');
    here.key = keys[i].s;
    here.len = keys[i].len;
    addstring(t, &here, here.key, here.len);
    addchar(t, ':');
    lua_rawgeti(L, object + 2, keys[i].index);
    lua_rawget(L, object);
    encodefield(t, &here);
    lua_pop(L, 1);
  }
  addchar(t, '}');
  lua_settop(L, object + 1);
}

static void encodetable(Text *t, const Place *at) {
  int size;
  if (at->depth >= ENCODE_DEPTH) refuse(t, at, "more than 100 nested tables");
  luaL_checkstack(t->L, 16, "JSON");
  bool list = pushnote(t->L);
  if (isarray(t, at, list, &size))
    encodearray(t, at, size);
  else
    encodeobject(t, at, size);
  lua_pop(t->L, 1);
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
    addstring(t, at, s, len);
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

void salon_open_json(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"encode", json_encode},
    {NULL, NULL},
  };
  salon_setfuncs(L, functions);
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  luaL_newmetatable(L, SALON_ARRAY);
  lua_setfield(L, -2, "array_mt");
}
