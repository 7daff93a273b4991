/* JSON text to Lua values: lua-cjson parses, and what it does not do is done
** around it, so that its two builds give the same.
**
** Before: a BOM is skipped, bytes that are not UTF-8 and lone surrogates become
** U+FFFD (one bad name must not lose a whole list), and an empty list becomes a
** list of one marker, as lua-cjson 2.1.0 cannot tell it from an empty object.
** After: null is nil, whole numbers are integers, lists carry core.array_mt, and
** a table keeps a note of its nulls (json.h), so that it can be written back. */
#include "decode.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "compat.h"
#include "io/text.h"
#include "json.h"

/* The stack of core.decode; LAST is the note of nulls that was made last: the
** entries of a list mostly have the same nulls, and then share one. */
enum { TEXT = 1, DECODE, REFRESH, MARKER, LAST, VALUE };

/* ---- before: the text ---- */

/* What stands for an empty list. A server that sends it gets an empty list. */
#define MARKER_TEXT "\001salon\001"
#define MARKER_JSON "[\"\\u0001salon\\u0001\"]"

static const char unreadable[] = "\xEF\xBF\xBD"; /* U+FFFD */

typedef struct Scan {
  luaL_Buffer out;         /* the text so far, once `changed` */
  const char *from;        /* what was read and not copied begins here */
  const char *first, *end; /* of the text, without blanks before it */
  bool changed;
  bool plain; /* so far nothing that the walk afterwards has to look at */
} Scan;

/* Puts `text` in place of what is between `at` and `after`. */
static void substitute(lua_State *L, Scan *s, const char *at, const char *after,
                       const char *text) {
  if (!s->changed) luaL_buffinit(L, &s->out);
  s->changed = true;
  luaL_addlstring(&s->out, s->from, (size_t)(at - s->from));
  luaL_addstring(&s->out, text);
  s->from = after;
}

/* The 16 bits of a "\uXXXX" at `at`, or -1. */
static int code_unit(const char *at, const char *end) {
  int unit = 0;
  if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return -1;
  for (int i = 2; i < 6; i++) {
    int digit = salon_hex_digit(at[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

/* Passes an escape. */
static const char *scan_escape(lua_State *L, Scan *s, const char *at) {
  int unit = code_unit(at, s->end);
  if (unit < 0) return s->end - at > 1 ? at + 2 : s->end;
  if (unit < 0xD800 || unit > 0xDFFF) return at + 6;
  int second = unit < 0xDC00 ? code_unit(at + 6, s->end) : -1;
  if (second >= 0xDC00 && second <= 0xDFFF) return at + 12;
  substitute(L, s, at, at + 6, unreadable);
  return at + 6;
}

/* The first byte that is not plain ASCII, or is a backslash; or `end`. Eight at
** a time, as most of all JSON is such text. */
static const char *skip_plain(const char *at, const char *end) {
  const uint64_t ones = 0x0101010101010101u, high = ones << 7;
  for (uint64_t word; end - at >= 8; at += 8) {
    memcpy(&word, at, 8);
    uint64_t slash = word ^ ones * '\\'; /* has a zero byte then */
    if (((word | ((slash - ones) & ~slash)) & high) != 0) break;
  }
  while (at < end && (signed char)*at >= 0 && *at != '\\') at++;
  return at;
}

/* Passes a string; `at` is after its opening quote. */
static const char *scan_string(lua_State *L, Scan *s, const char *at) {
  const char *end = at; /* of the plain text */
  for (;;) {
    if (at >= end) {
      end = memchr(at, '"', (size_t)(s->end - at));
      if (end == NULL) end = s->end;
    }
    at = skip_plain(at, end);
    if (at == end) return at < s->end ? at + 1 : at;
    if (*at == '\\') {
      at = scan_escape(L, s, at);
    } else {
      size_t n = salon_utf8_length(at, s->end);
      if (n == 0) substitute(L, s, at, at + 1, unreadable);
      at += n == 0 ? 1 : n;
    }
  }
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Passes a bracket and, if that is all there is to the list, what closes it. */
static const char *scan_list(lua_State *L, Scan *s, const char *at) {
  const char *after = at + 1;
  while (after < s->end && is_blank(*after)) after++;
  s->plain = s->plain && at == s->first;
  if (after == s->end || *after != ']') return after;
  s->plain = false;
  substitute(L, s, at, after + 1, MARKER_JSON);
  return after + 1;
}

/* Readies the text at TEXT for lua-cjson. True: its value needs no walk. */
static bool prepare(lua_State *L) {
  size_t len;
  const char *at = lua_tolstring(L, TEXT, &len);
  Scan s = {.from = at, .end = at + len, .plain = true};
  if (len >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0) {
    at += 3;
    substitute(L, &s, s.from, at, "");
  }
  while (at < s.end && is_blank(*at)) at++;
  s.first = at;
  while (at < s.end) {
    if (*at == '"') {
      at = scan_string(L, &s, at + 1);
    } else if (*at == '[') {
      at = scan_list(L, &s, at);
    } else {
      if (*at == 'n' || (*at >= '0' && *at <= '9')) s.plain = false;
      at++;
    }
  }
  if (!s.changed) return s.plain;
  luaL_addlstring(&s.out, s.from, (size_t)(s.end - s.from));
  luaL_pushresult(&s.out);
  lua_replace(L, TEXT);
  return s.plain;
}

/* ---- after: the value ---- */

static bool is_null(lua_State *L) {
  return lua_type(L, -1) == LUA_TLIGHTUSERDATA && lua_touserdata(L, -1) == NULL;
}

/* The number on the top: an integer where it is whole. */
static void tidy_number(lua_State *L) {
  long long n;
  if (!isfinite(lua_tonumber(L, -1))) luaL_error(L, "a number is too large");
  if (!SALON_HAS_INTEGERS || salon_isinteger(L, -1) ||
      !salon_towhole(L, -1, &n))
    return;
  lua_pop(L, 1);
  salon_pushinteger(L, n);
}

static void tidy_table(lua_State *L, int depth);

/* Pops a value that belongs to the key below it in the table at `t`. True if
** that is a null, of which the table then has no field. */
static bool tidy_field(lua_State *L, int t, int depth) {
  int type = lua_type(L, -1);
  bool null = false;
  if (type == LUA_TTABLE) {
    tidy_table(L, depth + 1);
  } else if (type != LUA_TSTRING && type != LUA_TBOOLEAN) { /* few are */
    null = is_null(L);
    if (null) {
      lua_pop(L, 1);
      lua_pushnil(L);
    } else if (type == LUA_TNUMBER) {
      tidy_number(L);
    }
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, t); /* it exists: lua_next allows that */
    return null;
  }
  lua_pop(L, 1);
  return null;
}

/* The note of nulls of the table at `t`; its place on the stack is t + 1. */
typedef struct Note {
  int nulls;   /* so far */
  bool shared; /* with another table: it has begun with the same ones */
} Note;

/* Makes a note of its own, with the nulls so far. */
static void make_note(lua_State *L, int t, int nulls) {
  lua_createtable(L, nulls + 1, 1);
  for (int i = 1; i <= nulls; i++) {
    lua_rawgeti(L, t + 1, i);
    lua_rawseti(L, -2, i);
  }
  lua_replace(L, t + 1);
}

/* The field of the key on the top was null. */
static void note_null(lua_State *L, int t, Note *note) {
  int i = note->nulls++;
  if (i == 0) {
    lua_pushvalue(L, LAST);
    lua_replace(L, t + 1);
  }
  if (note->shared) {
    lua_rawgeti(L, t + 1, i + 1);
    note->shared = lua_rawequal(L, -1, -2);
    lua_pop(L, 1);
    if (note->shared) return;
    make_note(L, t, i);
  }
  lua_pushvalue(L, -1);
  lua_rawseti(L, t + 1, i + 1);
}

/* Leaves the note on the top, where it is. */
static void close_note(lua_State *L, int t, const Note *note, bool list) {
  if (note->shared && (int)salon_rawlen(L, t + 1) == note->nulls) return;
  if (note->shared) make_note(L, t, note->nulls);
  salon_note_nulls(L, list);
  lua_pushvalue(L, t + 1);
  lua_replace(L, LAST);
}

/* Tidies the table on the top. Above it on the stack are its own note of nulls,
** or nil, and the key at hand. */
static void tidy_table(lua_State *L, int depth) {
  int t = lua_gettop(L);
  Note note = {0, true};
  bool list = false;
  if (depth > SALON_MAX_DEPTH) luaL_error(L, "JSON is nested too deeply");
  luaL_checkstack(L, 8, "JSON is nested too deeply");
  lua_pushnil(L);
  lua_pushnil(L);
  while (lua_next(L, t)) {
    list = list || lua_type(L, -2) == LUA_TNUMBER;
    if (list && lua_rawequal(L, -1, MARKER)) {
      lua_pushnil(L);
      lua_rawseti(L, t, 1); /* it is empty */
      lua_pop(L, 1);
    } else if (tidy_field(L, t, depth)) {
      note_null(L, t, &note);
    }
  }
  if (note.nulls > 0)
    close_note(L, t, &note, list);
  else if (list)
    luaL_getmetatable(L, SALON_ARRAY);
  if (note.nulls > 0 || list) lua_setmetatable(L, t);
  lua_settop(L, t);
}

/* decode(text, lua-cjson's decode [, refresh]) -> value; raises what is wrong with
** it. Where the text may hold numbers refresh() gives the decode to use instead. */
static int core_decode(lua_State *L) {
  luaL_checktype(L, TEXT, LUA_TSTRING);
  lua_settop(L, REFRESH);
  bool plain = prepare(L);
  if (!plain && !lua_isnil(L, REFRESH)) {
    lua_call(L, 0, 1);
    lua_replace(L, DECODE);
    lua_pushnil(L); /* REFRESH */
  }
  lua_pushliteral(L, MARKER_TEXT);
  if (plain)
    lua_pushnil(L);
  else
    lua_newtable(L); /* LAST */
  lua_pushvalue(L, DECODE);
  lua_pushvalue(L, TEXT);
  lua_call(L, 1, 1);
  if (lua_istable(L, VALUE)) {
    if (!plain)
      tidy_table(L, 1);
    else if (salon_rawlen(L, VALUE) > 0)
      salon_setmetatable(L, SALON_ARRAY);
  } else if (is_null(L)) {
    lua_pushnil(L);
  } else if (lua_type(L, VALUE) == LUA_TNUMBER) {
    tidy_number(L);
  }
  return 1;
}

void salon_open_decode(lua_State *L) {
  static const luaL_Reg functions[] = {{"decode", core_decode}, {NULL, NULL}};
  salon_setfuncs(L, functions);
}
