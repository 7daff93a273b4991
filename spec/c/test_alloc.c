/* Runs a script over salon's Lua types in which the Nth allocation of Lua's
** fails, for every N: once that one alone (Lua then collects and tries
** again), once all from there on (Lua raises). Nothing may crash, nothing may
** stay allocated, and the same state must go on working afterwards. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

#include "failing.h"
#include "lua/decode.h"
#include "lua/json.h"
#include "lua/record.h"
#include "lua/secret.h"
#include "lua/token.h"

static const char script[] =
  "local core = ...\n"
  "local array = setmetatable({}, core.array_mt)\n"
  "local text = core.encode { a = { 1, 2.5, ('x'):rep(2000) }, b = array,\n"
  "  c = core.null, d = { e = { f = 'g\\n' } } }\n"
  "assert(#text > 2000)\n"
  "local ok, message = pcall(core.encode, { deep = { print } })\n"
  "if not ok and message ~= 'not enough memory' then\n"
  "  assert(message == 'cannot encode a function at deep[1]', message)\n"
  "end\n"
  "assert(#core.decode('[[], null, 2.0]', function()\n"
  "  return { { '\1salon\1' }, core.null, 2.0, { x = core.null } } end) == 4)\n"
  "assert(core.secret('pw'):reveal() == 'pw')\n"
  "local token = core.token { access = 'a', refresh = 'r', scope = 'x y',\n"
  "  expires_in = 60, response = { status = 200 } }\n"
  "assert(token:reveal() .. token:reveal_refresh() == 'ar')\n"
  "assert(#token.scopes == 2 and token:reveal_id() == nil)\n"
  "assert(tostring(token) == 'salon.Token(expires in 60 s)')\n"
  "local class = { name = 'salon.Room', backend = 'b', methods = {},\n"
  "  getters = { url = function(room) return 'u/' .. room.id end } }\n"
  "local room = core.record(class, { id = 'i', list = { {} } }, {}, {})\n"
  "assert(room.url == 'u/i' and room.url == 'u/i' and room.backend == 'b')\n"
  "assert(core.encode(room) == '{\"id\":\"i\",\"list\":[{}]}')\n"
  "assert(tostring(room) == 'salon.Room(i b)')\n"
  "assert(room:totable().list[1])\n"
  "for name in pairs(room) do assert(room[name]) end\n"
  "local list = core.records(class, { { id = 'i' }, { id = 'j' } }, {}, {})\n"
  "assert(#list == 2 and list[2].url == 'u/j')\n";

static int run(lua_State *L) {
  if (luaL_loadbuffer(L, script, sizeof(script) - 1, "=script") != LUA_OK)
    return lua_error(L);
  lua_newtable(L);
  salon_open_json(L);
  salon_open_decode(L);
  salon_open_record(L);
  salon_open_secret(L);
  salon_open_token(L);
  lua_call(L, 1, 0);
  return 0;
}

static void protected_run(lua_State *L, int expected) {
  lua_settop(L, 0);
  lua_pushcfunction(L, run);
  if (lua_pcall(L, 0, 0, 0) != LUA_OK && expected == LUA_OK)
    fail_msg("%s", lua_tostring(L, -1));
}

/* Did the script need an Nth allocation at all? */
static int fail_at(long n, int all) {
  Memory m = {0, 0, 0, 0};
  lua_State *L = lua_newstate(allocate, &m);
  int failed;
  assert_non_null(L);
  luaL_openlibs(L);
  /* Lua 5.4's string buffers do not survive a failure within their very first
  ** use; that is not ours to test. */
  assert_int_equal(luaL_dostring(L, "return ('x'):rep(10000)"), LUA_OK);
  m.count = n;
  m.all = all;
  protected_run(L, LUA_ERRMEM);
  failed = m.failed;
  m.count = m.all = m.failed = 0;
  protected_run(L, LUA_OK);
  lua_close(L);
  assert_int_equal(m.used, 0);
  return failed;
}

static void survives_one_failure(void **state) {
  long n = 1;
  (void)state;
  while (fail_at(n, 0)) n++;
  assert_true(n > 100);
}

static void survives_failure_from_then_on(void **state) {
  long n = 1;
  (void)state;
  while (fail_at(n, 1)) n++;
  assert_true(n > 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(survives_one_failure),
    cmocka_unit_test(survives_failure_from_then_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
