/* Looks at the memory of a Secret and a Token at the moment Lua frees it: no
** byte of what they kept may still be there. The allocator knows a userdata
** by the tag Lua 5.4 passes when it asks for a block. */

#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <lua.h>
#include <lauxlib.h>

#include "lua/secret.h"
#include "lua/token.h"

#define MARKER "m4rker-s3cret"

typedef struct Watch {
  char *block; /* the userdata that got the marker */
  size_t size;
  int before, after; /* was the marker in it when looked at, when freed? */
} Watch;

static int holds_marker(const Watch *w) {
  return memmem(w->block, w->size, MARKER, strlen(MARKER)) != NULL;
}

static void *allocate(void *ud, void *block, size_t old, size_t size) {
  Watch *w = (Watch *)ud;
  if (size == 0) {
    if (block != NULL && block == w->block) {
      w->after = holds_marker(w);
      w->block = NULL;
    }
    free(block);
    return NULL;
  }
  char *got = (char *)realloc(block, size);
  if (block == NULL && old == LUA_TUSERDATA) {
    w->block = got;
    w->size = size;
  }
  return got;
}

/* Makes an object by `script` and lets the collector have it. */
static void assert_wiped(const char *script) {
  Watch w = {NULL, 0, 0, 1};
  lua_State *L = lua_newstate(allocate, &w);
  assert_non_null(L);
  lua_newtable(L);
  salon_open_secret(L);
  salon_open_token(L);
  assert_int_equal(luaL_loadstring(L, script), LUA_OK);
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  w.before = holds_marker(&w);
  lua_pop(L, 1);
  lua_gc(L, LUA_GCCOLLECT); /* runs __gc ... */
  lua_gc(L, LUA_GCCOLLECT); /* ... and frees */
  assert_null(w.block);
  assert_true(w.before);
  assert_false(w.after);
  lua_close(L);
}

static void wipes_a_secret(void **state) {
  (void)state;
  assert_wiped("return (...).secret '" MARKER "'");
}

static void wipes_each_part_of_a_token(void **state) {
  (void)state;
  assert_wiped("return (...).token { access = '" MARKER "' }");
  assert_wiped("return (...).token { access = 'a', refresh = '" MARKER "' }");
  assert_wiped("return (...).token { access = 'a', id_token = '" MARKER "' }");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(wipes_a_secret),
    cmocka_unit_test(wipes_each_part_of_a_token),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
