/* url.c and link.c of src/io for Lua.
**
** A URL that cannot be is nil and a message, since it may come from outside; a
** wrong type is a mistake of the Lua above and raises. Memory is Lua's or the
** C stack's, so that raising leaks nothing; the spans borrow from strings that
** stay on the Lua stack meanwhile. */

#include "url.h"

#include <stdio.h>
#include <string.h>

#include "class.h"
#include "io/link.h"
#include "io/text.h"

static int push_problem(lua_State *L, const char *problem) {
  return salon_pushfail(L, lua_pushfstring(L, "the URL %s", problem));
}

/* `len` bytes: `fixed` if it has room, else collectable ones on the stack,
** since malloc's would leak when Lua raises: [-0, +0 or 1]. */
static char *get_room(lua_State *L, char *fixed, size_t room, size_t len) {
  return len <= room ? fixed : (char *)lua_newuserdata(L, len);
}

static salon_Span check_span(lua_State *L, int arg) {
  salon_Span span;
  span.s = luaL_checklstring(L, arg, &span.len);
  return span;
}

static void bad_item(lua_State *L, int arg, int i, const char *what) {
  luaL_argerror(L, arg, lua_pushfstring(L, "item %d is %s", i, what));
}

/* Makes item `i`, on top of the stack, a string. Whole numbers read the same
** on every Lua: no 1e+15, no 20.0. */
static void to_text(lua_State *L, int arg, int i) {
  long long n = 0;
  char digits[24];
  switch (lua_type(L, -1)) {
  case LUA_TSTRING:
    return;
  case LUA_TBOOLEAN:
    lua_pushstring(L, lua_toboolean(L, -1) ? "true" : "false");
    break;
  case LUA_TNUMBER:
    if (!salon_towhole(L, -1, &n)) bad_item(L, arg, i, "not a whole number");
    snprintf(digits, sizeof(digits), "%lld", n);
    lua_pushstring(L, digits);
    break;
  default:
    bad_item(L, arg, i, luaL_typename(L, -1));
  }
  lua_replace(L, -2);
}

typedef struct Spans {
  salon_Span *items; /* `few`, or collectable ones on the stack */
  size_t n;
  salon_Span few[16];
} Spans;

/* The items of the array at `arg`, or none for nil. Pushes what they borrow
** from. */
static void check_spans(lua_State *L, int arg, Spans *spans) {
  spans->items = spans->few;
  spans->n = 0;
  if (lua_isnoneornil(L, arg)) return;
  luaL_checktype(L, arg, LUA_TTABLE);
  size_t n = salon_rawlen(L, arg);
  luaL_argcheck(L, n < 10000, arg, "too many items");
  luaL_checkstack(L, (int)n + 16, "too many items");
  if (n > sizeof(spans->few) / sizeof(spans->few[0]))
    spans->items = (salon_Span *)lua_newuserdata(L, n * sizeof(salon_Span));
  for (; spans->n < n; spans->n++) {
    salon_Span *item = &spans->items[spans->n];
    lua_rawgeti(L, arg, (int)spans->n + 1);
    to_text(L, arg, (int)spans->n + 1);
    item->s = lua_tolstring(L, -1, &item->len);
  }
}

static void check_pairs(lua_State *L, int arg, Spans *pairs) {
  check_spans(L, arg, pairs);
  luaL_argcheck(L, pairs->n % 2 == 0, arg, "a name has no value");
}

/* A base URL taken apart: one block, so that the collector frees it whole. */
typedef struct Base {
  salon_Url url; /* borrows from text */
  char text[];
} Base;

/* A base is used for many calls and taken apart once. The key, by its address,
** of the table in the registry: text -> Base, kept until the next collection. */
static const char bases_key;

static void make_bases(lua_State *L) {
  lua_newtable(L);
  lua_newtable(L);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  salon_rawsetp(L, LUA_REGISTRYINDEX, &bases_key);
}

/* The Base for the text at `idx`: NULL and *url, or what is wrong with it.
** What *url borrows from stays on the stack: [-0, +2]. */
static const char *check_base(lua_State *L, int idx, const salon_Url **url) {
  salon_Span text = check_span(L, idx);
  salon_rawgetp(L, LUA_REGISTRYINDEX, &bases_key);
  lua_pushvalue(L, idx);
  lua_rawget(L, -2);
  Base *base = (Base *)lua_touserdata(L, -1);
  if (base == NULL) {
    lua_pop(L, 1);
    base = (Base *)lua_newuserdata(L, sizeof(*base) + text.len + 1);
    memcpy(base->text, text.s, text.len + 1);
    const char *problem = salon_url_parse_base(base->text, text.len,
                                               &base->url);
    if (problem != NULL) return problem;
    lua_pushvalue(L, idx);
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
  }
  *url = &base->url;
  return NULL;
}

const char *salon_url_make(lua_State *L, int base, int parts, int query,
                           salon_UrlText *out) {
  Spans path, pairs;
  const salon_Url *url = NULL;
  char *to = out->fixed;
  const char *problem = check_base(L, base, &url);
  check_spans(L, parts, &path);
  check_pairs(L, query, &pairs);
  if (problem == NULL)
    problem = salon_url_build(url, path.items, path.n, pairs.items, pairs.n, to,
                              sizeof(out->fixed) - 1, &out->len);
  if (problem != NULL) return problem;
  if (out->len >= sizeof(out->fixed)) {
    to = (char *)lua_newuserdata(L, out->len + 1);
    salon_url_build(url, path.items, path.n, pairs.items, pairs.n, to, out->len,
                    &out->len);
  }
  to[out->len] = '\0';
  out->target = (salon_Target){to, strlen(url->origin), url->scheme,
                               url->loopback};
  return NULL;
}

/* url(base, parts, query) -> string | nil, message */
static int core_url(lua_State *L) {
  salon_UrlText url;
  lua_settop(L, 3); /* what is pushed now must not pass for an argument */
  const char *problem = salon_url_make(L, 1, 2, 3, &url);
  if (problem != NULL) return push_problem(L, problem);
  lua_pushlstring(L, url.target.url, url.len);
  return 1;
}

/* Is the value on the top a string that goes into a path as it stands? */
static bool is_plain(lua_State *L) {
  salon_Span text;
  if (lua_type(L, -1) != LUA_TSTRING) return false;
  text.s = lua_tolstring(L, -1, &text.len);
  return salon_url_plain(text);
}

/* url_plain(value) -> boolean; false for what is no string */
static int core_url_plain(lua_State *L) {
  lua_settop(L, 1);
  lua_pushboolean(L, is_plain(L));
  return 1;
}

/* All of them, whatever the length operator says: [-0, +0]. */
static int count_fields(lua_State *L, int idx) {
  int n = 0;
  lua_pushnil(L);
  while (lua_next(L, idx)) {
    lua_pop(L, 1);
    n++;
  }
  return n;
}

/* A whole page's ids at once: one call per entry would cost more than the
** decoding. ids(list, key) -> the list of list[i][key] and, unless all of them are plain,
** the index of the first that is not; nil if an item is not a table. */
static int core_ids(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  int n = (int)salon_rawlen(L, 1), odd = 0;
  lua_createtable(L, n, 0);
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, 1, i);
    if (!lua_istable(L, -1)) return 0;
    lua_pushvalue(L, 2);
    lua_rawget(L, -2);
    if (odd == 0 && !is_plain(L)) odd = i;
    lua_rawseti(L, 3, i);
    lua_pop(L, 1);
  }
  if (count_fields(L, 1) != n) return 0; /* there is more after a gap */
  if (odd == 0) return 1;
  lua_pushinteger(L, odd);
  return 2;
}

/* form(pairs) -> string */
static int core_form(lua_State *L) {
  Spans pairs;
  check_pairs(L, 1, &pairs);
  size_t len = salon_url_form(pairs.items, pairs.n, NULL);
  char fixed[1024], *out = get_room(L, fixed, sizeof(fixed), len);
  salon_url_form(pairs.items, pairs.n, out);
  lua_pushlstring(L, out, len);
  return 1;
}

/* url_parse(url) -> {scheme, origin, path, loopback} | nil, message */
static int core_url_parse(lua_State *L) {
  salon_Span text = check_span(L, 1);
  salon_Url url;
  const char *problem = salon_url_parse_base(text.s, text.len, &url);
  if (problem != NULL) return push_problem(L, problem);
  lua_createtable(L, 0, 4);
  lua_pushstring(L, salon_url_scheme(url.scheme));
  lua_setfield(L, -2, "scheme");
  lua_pushstring(L, url.origin);
  lua_setfield(L, -2, "origin");
  lua_pushlstring(L, url.path.s, url.path.len);
  lua_setfield(L, -2, "path");
  lua_pushboolean(L, url.loopback);
  lua_setfield(L, -2, "loopback");
  return 1;
}

/* query_param(url, name) -> string | nil */
static int core_query_param(lua_State *L) {
  salon_Span text = check_span(L, 1), name = check_span(L, 2), value;
  char fixed[1024];
  if (!salon_url_param(text.s, text.len, name, &value)) return 0;
  char *out = get_room(L, fixed, sizeof(fixed), value.len);
  lua_pushlstring(L, out, salon_url_decode(value, out));
  return 1;
}

static void push_lower(lua_State *L, const char *s, size_t len) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (size_t i = 0; i < len; i++) luaL_addchar(&b, salon_lower(s[i]));
  luaL_pushresult(&b);
}

/* link(text) -> {rel = target}; the first of two equal relations counts */
static int core_link(lua_State *L) {
  salon_Link link;
  size_t len;
  const char *text = luaL_optlstring(L, 1, "", &len);
  lua_settop(L, 1); /* anchors `text` */
  lua_newtable(L);
  salon_link_begin(&link, text, len);
  while (salon_link_next(&link)) {
    push_lower(L, link.rel, link.rel_len);
    lua_pushvalue(L, -1);
    lua_rawget(L, 2);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      lua_pushlstring(L, link.target, link.target_len);
      lua_rawset(L, 2);
    } else {
      lua_pop(L, 2);
    }
  }
  return 1;
}

void salon_open_url(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"url", core_url},
    {"url_parse", core_url_parse},
    {"url_plain", core_url_plain},
    {"ids", core_ids},
    {"query_param", core_query_param},
    {"form", core_form},
    {"link", core_link},
    {NULL, NULL},
  };
  salon_setfuncs(L, functions);
  make_bases(L);
}
