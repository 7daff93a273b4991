/* Whole sessions in which the Nth allocation of Lua's fails: once that one alone
   (Lua then collects and tries again), once all from there on (Lua raises). All
   of it in one state, which must go on working each time; and at its end nothing
   is left. */

#define _GNU_SOURCE /* RTLD_NODELETE */

#include "calls.h"

#include <dlfcn.h>
#include <time.h>

#include "failing.h"
#include "states.h"

/* Leaves a global `session`, which raises what is wrong. */
static const char script[] =
  "package.path = 'lua/?.lua;lua/?/init.lua;' .. package.path\n"
  "package.loaded['salon.core'] = core\n"
  "local url = ...\n"
  "local salon = require 'salon'\n"
  "local function part(client)\n"
  "  local rooms = salon.check(client.rooms:list())\n"
  "  assert(#rooms == 2 and rooms[2].configuration.a[1] == nil)\n"
  "  local n = 0\n"
  "  for room in client.rooms:each() do n = n + #room.name end\n"
  "  assert(n == 4)\n"
  "  local room, err = client.rooms:get 'b-c'\n"
  "  assert(room == nil)\n"
  "  if err.kind ~= 'limit' then\n"
  "    assert(err.status == 404, tostring(err))\n"
  "    assert(err.message == 'Not found.', err.message)\n"
  "  end\n"
  "  assert(salon.check(client.rooms:create { access_level = 'restricted' "
  "}).id == 'n')\n"
  "  local names = {}\n"
  "  for _, name in salon.map({ 'x', 'y' }, function(id)\n"
  "    return salon.check(client.rooms:get(id)).name\n"
  "  end) do names[#names + 1] = name end\n"
  "  assert(table.concat(names) == 'xy')\n"
  "end\n"
  "function session()\n"
  "  local client <close> = salon.meet { url = url, client_id = 'id',\n"
  "    client_secret = 'secret', user = 'ada@example.org', proxy = '' }\n"
  "  part(client)\n"
  "end\n";

#define PAGE                                                                   \
  "{\"count\":2,\"next\":null,\"previous\":null,\"results\":["                 \
  "{\"id\":\"a\",\"name\":\"aa\",\"configuration\":{\"a\":[]}},"               \
  "{\"id\":\"b\",\"name\":\"bb\",\"configuration\":{\"a\":[null]}}]}"

static Response json(const char *status, const char *body) {
  static char text[1024];
  snprintf(text, sizeof(text),
           "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
           "Content-Length: %zu\r\n\r\n%s",
           status, strlen(body), body);
  return (Response){text, 0, THEN_KEEP};
}

static Response respond(void *user, int n, const char *path, const char *text) {
  (void)user, (void)n;
  if (strstr(path, "/token/") != NULL)
    return json("200 OK", "{\"access_token\":\"t\",\"token_type\":\"Bearer\","
                          "\"expires_in\":3600,\"scope\":\"rooms:list\"}");
  if (strstr(path, "/b-c/") != NULL)
    return json("404 Not Found", "{\"detail\":\"Not found.\"}");
  if (strstr(path, "/x/") != NULL)
    return json("200 OK", "{\"id\":\"x\",\"name\":\"x\"}");
  if (strstr(path, "/y/") != NULL)
    return json("200 OK", "{\"id\":\"y\",\"name\":\"y\"}");
  if (strncmp(text, "POST", 4) == 0)
    return json("201 Created", "{\"id\":\"n\",\"name\":\"new\"}");
  return json("200 OK", PAGE);
}

/* Leaves what the session raised on the stack, else nothing. */
static void session(lua_State *L) {
  lua_settop(L, 0);
  lua_getglobal(L, "session");
  (void)lua_pcall(L, 0, 0, 0);
}

static const char *raised(lua_State *L) {
  return lua_gettop(L) > 0 ? luaL_tolstring(L, 1, NULL) : NULL;
}

/* Keeps lua-cjson in memory, so that the leak sanitizer can name it: it loses its
   buffer when Lua raises in the middle of a text (spec/support/lsan.supp). */
static void keep_cjson(lua_State *L) {
  assert_int_equal(
    luaL_dostring(L, "return package.searchpath('cjson', package.cpath)"),
    LUA_OK);
  assert_non_null(dlopen(lua_tostring(L, -1), RTLD_NOW | RTLD_NODELETE));
  lua_pop(L, 1);
}

static lua_State *open(Memory *m, const char *url) {
  lua_State *L = lua_newstate(allocate, m);
  assert_non_null(L);
  luaL_openlibs(L);
  keep_cjson(L);
  luaL_requiref(L, "salon.core", luaopen_salon_core, 0);
  lua_setglobal(L, "core");
  const char *why = run(L, script, url);
  if (why != NULL) fail_msg("%s", why);
  return L;
}

static void must_work(lua_State *L, long n) {
  session(L);
  const char *why = raised(L);
  if (why != NULL) fail_msg("after a failure at %ld: %s", n, why);
}

/* Did the session need an Nth allocation at all? */
static int fail_at(lua_State *L, Memory *m, long n, int all) {
  clock_t begun = clock(); /* of the processor */
  m->count = n;
  m->all = all;
  session(L);
  int failed = m->failed;
  m->count = m->all = m->failed = 0;
  const char *why = raised(L);
  if (why != NULL && strstr(why, "not enough memory") == NULL)
    fail_msg("a failure at %ld: %s", n, why);
  if ((double)(clock() - begun) > 0.5 * slower() * CLOCKS_PER_SEC)
    fail_msg("spins after %ld", n);
  must_work(L, n);
  lua_settop(L, 0);
  lua_gc(L, LUA_GCCOLLECT); /* or weak tables grow by what is not collected */
  return failed;
}

static void survives(int all) {
  Memory m = {0, 0, 0, 0};
  Server *s = server_start(respond, NULL);
  lua_State *L = open(&m, server_url(s, ""));
  long n = 1;
  must_work(L, 0);
  must_work(L, 0);
  lua_gc(L, LUA_GCCOLLECT);
  size_t before = m.used;
  while (fail_at(L, &m, n, all)) n++;
  assert_true(n > 300);
  lua_gc(L, LUA_GCCOLLECT);
  lua_gc(L, LUA_GCCOLLECT);
  if (m.used > before + before / 50)
    fail_msg("%zu bytes have become %zu", before, m.used);
  lua_close(L);
  assert_int_equal(m.used, 0);
  server_stop(s);
}

static void one_failure(void **state) {
  (void)state;
  survives(0);
}

static void failure_from_then_on(void **state) {
  (void)state;
  survives(1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(one_failure),
    TEST(failure_from_then_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
