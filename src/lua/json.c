/* See json.h. An encoder of our own: request bodies must be the same bytes
** whichever lua-cjson is installed, which decodes (decode.c). The text grows in
** blocks of Lua's, reachable from the stack, so raising at any point leaks
** nothing. No metamethod runs while encoding. */
#include "json.h"
#include "compat.h"
#include "record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENCODE_DEPTH 100
#define PATH_DEPTH 8 /* as much of a path as a message shows */

/* ---- growing text ---- */

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

static void add_text(Text *t, const char *s) { add(t, s, strlen(s)); }

static void add_char(Text *t, char c) {
  *reserve(t, 1) = c;
  t->len++;
}

static void add_whole(Text *t, long long n) {
  char digits[32];
  add(t, digits, (size_t)snprintf(digits, sizeof(digits), "%lld", n));
}

/* ---- refusing ---- */

/* Where in the value we are: a list from the inside out, on the C stack. */
typedef struct Place {
  const struct Place *up; /* NULL for the value itself */
  const char *key;        /* borrowed from the table; NULL: item `index` */
  size_t len;
  long long index;
  int depth;
} Place;

static void add_path(Text *t, const Place *at) {
  if (at->up == NULL) return;
  add_path(t, at->up);
  if (at->depth == PATH_DEPTH + 1) add_text(t, "...");
  if (at->depth > PATH_DEPTH) return;
  if (at->key == NULL) {
    add_char(t, '[');
    add_whole(t, at->index);
    add_char(t, ']');
  } else {
    if (at->depth > 1) add_char(t, '.');
    add(t, at->key, at->len);
  }
}

/* Raises "cannot encode <what> at <path>". The text so far is given up. */
static void refuse(Text *t, const Place *at, const char *what) {
  t->len = 0;
  add_text(t, "cannot encode ");
  add_text(t, what);
  if (at->up != NULL) add_text(t, " at ");
  add_path(t, at);
  lua_pushlstring(t->L, t->data, t->len);
  lua_error(t->L);
}

static void refuse_type(Text *t, const Place *at) {
  const char *name = luaL_typename(t->L, -1);
  if (luaL_getmetafield(t->L, -1, "__name") && lua_isstring(t->L, -1))
    name = lua_tostring(t->L, -1);
  refuse(t, at, lua_pushfstring(t->L, "a %s", name));
}

static void refuse_key(Text *t, const Place *at) {
  const char *name = luaL_typename(t->L, -1);
  refuse(t, at, lua_pushfstring(t->L, "a table with a %s as key", name));
}

/* ---- strings and numbers ---- */

static void add_escape(Text *t, unsigned char c) {
  static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
  const char *found = c != '\0' ? strchr(plain, c) : NULL;
  char code[8];
  if (found != NULL)
    snprintf(code, sizeof(code), "\\%c", letter[found - plain]);
  else
    snprintf(code, sizeof(code), "\\u%04x", (unsigned)c);
  add_text(t, code);
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

static void add_string(Text *t, const Place *at, const char *s, size_t len) {
  const char *end = s + len, *from = s;
  add_char(t, '"');
  while (s < end) {
    unsigned char c = (unsigned char)*s;
    size_t n = c < 0x80 ? 1 : salon_utf8_length(s, end);
    if (n == 0) refuse(t, at, "a string that is not UTF-8");
    if (c < 0x20 || c == '"' || c == '\\') {
      add(t, from, (size_t)(s - from));
      add_escape(t, c);
      from = s + 1;
    }
    s += n;
  }
  add(t, from, (size_t)(end - from));
  add_char(t, '"');
}

/* Whatever bytes the locale uses as decimal point become one '.'. */
static void add_float(Text *t, lua_Number value) {
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
    if (n > 0) add_char(t, '.');
    s += n;
  }
}

static void add_number(Text *t, const Place *at) {
  long long n;
  lua_Number value = lua_tonumber(t->L, -1);
  if (salon_towhole(t->L, -1, &n))
    add_whole(t, n);
  else if (isfinite(value))
    add_float(t, value);
  else
    refuse(t, at, isnan(value) ? "NaN" : "infinity");
}

/* ---- tables ---- */

typedef struct Key {
  const char *s; /* anchored by the list of keys */
  size_t len;
  int index; /* in that list */
} Key;

static void encode(Text *t, const Place *at);

/* The same, where nil is a null that the table's note tells of. */
static void encode_field(Text *t, const Place *at) {
  if (lua_isnil(t->L, -1))
    add_text(t, "null");
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
static bool push_note(lua_State *L) {
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
static bool is_null(lua_State *L, int table) {
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

static void count_key(Text *t, const Place *at, Shape *shape) {
  long long n;
  if (lua_type(t->L, -1) == LUA_TSTRING) {
    shape->fields++;
  } else if (salon_towhole(t->L, -1, &n) && n >= 1) {
    shape->items++;
    shape->last = n > shape->last ? n : shape->last;
  } else {
    refuse_key(t, at);
  }
}

/* Is the table below its note a JSON array? *size: its items, or its fields. */
static bool is_array(Text *t, const Place *at, bool list, int *size) {
  lua_State *L = t->L;
  int note = lua_gettop(L), table = note - 1;
  Shape shape = {0, 0, 0};
  lua_pushnil(L);
  while (lua_next(L, table)) {
    lua_pop(L, 1);
    count_key(t, at, &shape);
  }
  for (int i = 1, n = lua_istable(L, note) ? (int)salon_rawlen(L, note) : 0;
       i <= n; i++) {
    lua_rawgeti(L, note, i);
    if (is_null(L, table)) count_key(t, at, &shape);
    lua_pop(L, 1);
  }
  if (shape.fields > 0 && (shape.items > 0 || list))
    refuse(t, at, "a list that has fields too");
  if (shape.last != shape.items) refuse(t, at, "a list with holes");
  *size = shape.items + shape.fields;
  return shape.items > 0 || list;
}

static void encode_array(Text *t, const Place *at, int size) {
  Place here = {at, NULL, 0, 0, at->depth + 1};
  add_char(t, '[');
  while (here.index < size) {
    if (here.index > 0) add_char(t, ',');
    lua_rawgeti(t->L, -2, (int)++here.index);
    encode_field(t, &here);
    lua_pop(t->L, 1);
  }
  add_char(t, ']');
}

static int compare_keys(const void *left, const void *right) {
  const Key *a = (const Key *)left, *b = (const Key *)right;
  int order = memcmp(a->s, b->s, a->len < b->len ? a->len : b->len);
  return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

/* Adds the key on the top to both lists. */
static void add_key(lua_State *L, int list, Key *keys, int n) {
  lua_pushvalue(L, -1);
  lua_rawseti(L, list, n + 1);
  keys[n].s = lua_tolstring(L, -1, &keys[n].len);
  keys[n].index = n + 1;
}

/* Pushes the list of keys of the table at `object`, with those of its note, and
   their sorted order. The list keeps them alive should a finaliser change the
   table meanwhile; *size is how many there really are. */
static const Key *sort_keys(lua_State *L, int object, int *size) {
  int note = object + 1, list = object + 2, n = 0;
  lua_createtable(L, *size, 0);
  Key *keys = (Key *)lua_newuserdata(L, (size_t)*size * sizeof(*keys));
  lua_pushnil(L);
  while (n < *size && lua_next(L, object)) {
    lua_pop(L, 1);
    add_key(L, list, keys, n++);
  }
  lua_settop(L, list + 1);
  for (int i = 1; n < *size && lua_istable(L, note); i++) {
    lua_rawgeti(L, note, i);
    if (lua_isnil(L, -1)) break;
    if (is_null(L, object)) add_key(L, list, keys, n++);
    lua_pop(L, 1);
  }
  lua_settop(L, list + 1);
  qsort(keys, (size_t)n, sizeof(*keys), compare_keys);
  *size = n;
  return keys;
}

static void encode_object(Text *t, const Place *at, int size) {
  lua_State *L = t->L;
  int object = lua_gettop(L) - 1;
  Place here = {at, NULL, 0, 0, at->depth + 1};
  const Key *keys = sort_keys(L, object, &size);
  add_char(t, '{');
  for (int i = 0; i < size; i++) {
    if (i > 0) add_char(t, ',');
    here.key = keys[i].s;
    here.len = keys[i].len;
    add_string(t, &here, here.key, here.len);
    add_char(t, ':');
    lua_rawgeti(L, object + 2, keys[i].index);
    lua_rawget(L, object);
    encode_field(t, &here);
    lua_pop(L, 1);
  }
  add_char(t, '}');
  lua_settop(L, object + 1);
}

static void encode_table(Text *t, const Place *at) {
  int size;
  if (at->depth >= ENCODE_DEPTH) refuse(t, at, "more than 100 nested tables");
  luaL_checkstack(t->L, 16, "JSON");
  bool list = push_note(t->L);
  if (is_array(t, at, list, &size))
    encode_array(t, at, size);
  else
    encode_object(t, at, size);
  lua_pop(t->L, 1);
}

/* ---- values ---- */

static void encode_userdata(Text *t, const Place *at) {
  if (lua_touserdata(t->L, -1) == NULL)
    add_text(t, "null");
  else if (salon_record_raw(t->L, -1)) {
    encode_table(t, at);
    lua_pop(t->L, 1);
  } else
    refuse_type(t, at);
}

/* Adds the value on the top of the stack, and leaves it there. */
static void encode(Text *t, const Place *at) {
  lua_State *L = t->L;
  const char *s;
  size_t len;
  switch (lua_type(L, -1)) {
  case LUA_TSTRING:
    s = lua_tolstring(L, -1, &len);
    add_string(t, at, s, len);
    break;
  case LUA_TNUMBER:
    add_number(t, at);
    break;
  case LUA_TBOOLEAN:
    add_text(t, lua_toboolean(L, -1) ? "true" : "false");
    break;
  case LUA_TTABLE:
    encode_table(t, at);
    break;
  case LUA_TUSERDATA:
  case LUA_TLIGHTUSERDATA:
    encode_userdata(t, at);
    break;
  default:
    refuse_type(t, at);
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
