/* See headers.h. */
#include "headers.h"

#include <stdbool.h>
#include <string.h>

#include "class.h"
#include "client.h"

#define SALON_HEADERS "salon.Headers"

salon_Headers *salon_check_headers(lua_State *L, int idx) {
  return *(salon_Headers **)luaL_checkudata(L, idx, SALON_HEADERS);
}

static void add_header(lua_State *L, salon_Headers *h, const char *line) {
  if (!salon_headers_add(h, line)) luaL_error(L, "not enough memory");
}

/* One "Name: value"; a line end or NUL inside would be another header. */
static void add_checked(lua_State *L, salon_Headers *h, int idx) {
  size_t len;
  const char *line = lua_tolstring(L, idx, &len);
  if (line == NULL) luaL_error(L, "request: a header must be a string");
  for (size_t i = 0; i < len; i++)
    if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
      luaL_error(L, "request: a header holds a control character");
  if (strchr(line, ':') == NULL) /* not quoted: it may hold a secret */
    luaL_error(L, "request: a header has no colon");
  add_header(L, h, line);
}

/* A list may say by itself how the body may be compressed. */
static bool is_encoding(const char *line) {
  static const char name[] = "Accept-Encoding:";
  return strncmp(line, name, sizeof(name) - 1) == 0;
}

static void add_user_agent(lua_State *L, salon_Headers *h,
                           const salon_Config *config) {
  if (config->user_agent == NULL) return;
  lua_pushfstring(L, "User-Agent: %s", config->user_agent);
  add_checked(L, h, -1);
  lua_pop(L, 1);
}

/* Whatever raises here leaves a Headers on the stack that can be collected. */
salon_Headers *salon_push_headers(lua_State *L, int idx,
                                  const salon_Config *config) {
  salon_Headers **h = (salon_Headers **)lua_newuserdata(L, sizeof(*h));
  *h = NULL;
  salon_setmetatable(L, SALON_HEADERS);
  *h = salon_headers_new();
  if (*h == NULL) luaL_error(L, "not enough memory");
  int n = lua_istable(L, idx) ? (int)salon_rawlen(L, idx) : 0;
  bool compressed = true;
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, idx, i);
    add_checked(L, *h, -1);
    compressed = compressed && !is_encoding(lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  add_user_agent(L, *h, config);
  if (compressed) add_header(L, *h, "Accept-Encoding: gzip");
  add_header(L, *h, "Expect:"); /* libcurl would wait a second for a 100 */
  return *h;
}

/* headers(client, {"Name: value", ...}): for many calls. */
static int core_headers(lua_State *L) {
  salon_Config *config = salon_check_client(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  salon_push_headers(L, 2, config);
  return 1;
}

static int headers_gc(lua_State *L) {
  salon_Headers **h = (salon_Headers **)luaL_checkudata(L, 1, SALON_HEADERS);
  salon_headers_unref(*h);
  *h = NULL;
  return 0;
}

static const luaL_Reg headers_meta[] = {{"__gc", headers_gc}, {NULL, NULL}};

void salon_open_headers(lua_State *L) {
  salon_newclass(L, SALON_HEADERS, headers_meta, NULL);
  lua_pushcfunction(L, core_headers);
  lua_setfield(L, -2, "headers");
}
