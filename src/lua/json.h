/* core.encode, and what JSON has and Lua has not: null and the empty list. */
#ifndef SALON_JSON_H
#define SALON_JSON_H

#include <stdbool.h>
#include <stddef.h>

struct lua_State;

#define SALON_MAX_DEPTH 1024 /* of tables; lua-cjson decodes 1000 levels */

#define SALON_ARRAY "salon.Array" /* the metatable core.array_mt */

/* Turns the list of keys on the top into a metatable for the table that had
** null at them; `list` = that was a list. The encoder writes those nulls again
** where the fields are still nil. */
void salon_note_nulls(struct lua_State *L, bool list);

/* Bytes of the UTF-8 character at `s`, 0 if it is none. */
size_t salon_utf8_length(const char *s, const char *end);

/* core.encode, core.null, core.array_mt */
void salon_open_json(struct lua_State *L);

#endif
