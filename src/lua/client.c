/* See client.h. The options were checked in Lua, in words for people; the
** checks here only keep the C code safe. */
#include "client.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "class.h"

#define SALON_CLIENT "salon.Client"

typedef struct salon_Client {
  salon_Config *config; /* owned: one reference, until it is collected: a
                        ** finaliser may close a client that is in use */
  bool closed;
  char label[256]; /* "opentalk https://meet.example.org" */
} salon_Client;

static salon_Client *to_client(lua_State *L) {
  return (salon_Client *)luaL_checkudata(L, 1, SALON_CLIENT);
}

salon_Config *salon_check_client(lua_State *L, int idx) {
  salon_Client *c = (salon_Client *)luaL_checkudata(L, idx, SALON_CLIENT);
  if (c->config == NULL || c->closed) luaL_argerror(L, idx, "client is closed");
  return c->config;
}

/* ---- options: argument 1, a table ---- */

/* Puts the value on the top of the stack to the field that `to` points at. Only
** what has the wrong type raises: numbers are brought into a range with which
** the engine can reckon. */
typedef void Reader(lua_State *L, void *to);

static double check_range(lua_State *L, double least, double most) {
  return fmin(fmax(luaL_checknumber(L, -1), least), most);
}

static void read_number(lua_State *L, void *to) { /* seconds, a rate */
  *(double *)to = check_range(L, 0, SALON_LONGEST);
}

static void read_bytes(lua_State *L, void *to) {
  *(size_t *)to = (size_t)check_range(L, 0, (double)(SIZE_MAX / 2));
}

static void read_count(lua_State *L, void *to) {
  *(int *)to = (int)check_range(L, 1, INT_MAX / 2);
}

static void set_text(lua_State *L, char **to, const char *text) {
  free(*to);
  *to = text == NULL ? NULL : strdup(text);
  if (text != NULL && *to == NULL) luaL_error(L, "not enough memory");
}

static void read_presence(lua_State *L, void *to) {
  *(bool *)to = lua_toboolean(L, -1);
}

static void read_text(lua_State *L, void *to) {
  set_text(L, (char **)to, luaL_checkstring(L, -1));
}

static void read_http_version(lua_State *L, void *to) {
  static const char *const names[] = {"auto", "1.1", "2", NULL};
  *(salon_HttpVersion *)to = (salon_HttpVersion)luaL_checkoption(L, -1, NULL,
                                                                 names);
}

/* "" is none. */
static void read_proxy(lua_State *L, void *to) {
  salon_Config *c = (salon_Config *)to;
  const char *text = luaL_checkstring(L, -1);
  c->proxy_from_environment = false;
  for (int i = 0; i < SALON_SCHEMES; i++)
    set_text(L, &c->proxy[i], *text != '\0' ? text : NULL);
}

/* A row for each option of lua/salon/internal/options.lua that C needs. */
static const struct {
  const char *name;
  Reader *read;
  size_t to;
} options[] = {
  {"user_agent", read_text, offsetof(salon_Config, user_agent)},
  {"ca_file", read_text, offsetof(salon_Config, ca_file)},
  {"ca_path", read_text, offsetof(salon_Config, ca_path)},
  {"client_cert", read_text, offsetof(salon_Config, client_cert)},
  {"client_key", read_text, offsetof(salon_Config, client_key)},
  {"client_key_password", read_text,
   offsetof(salon_Config, client_key_password)},
  {"proxy", read_proxy, 0},
  {"no_proxy", read_text, offsetof(salon_Config, no_proxy)},
  {"on_event", read_presence, offsetof(salon_Config, watched)},
  {"http_version", read_http_version, offsetof(salon_Config, http_version)},
  {"connect_timeout", read_number, offsetof(salon_Config, connect_timeout)},
  {"silence_timeout", read_number, offsetof(salon_Config, silence_timeout)},
  {"max_body", read_bytes, offsetof(salon_Config, max_body)},
  {"max_per_origin", read_count, offsetof(salon_Config, max_per_origin)},
  {"max_rate", read_number, offsetof(salon_Config, max_rate)},
  {"max_tries", read_count, offsetof(salon_Config, retry.max_tries)},
  {"retry_after_cap", read_number,
   offsetof(salon_Config, retry.retry_after_cap)},
};

static const char *environment(const char *lower, const char *upper) {
  const char *value = getenv(lower);
  if (value == NULL && upper != NULL) value = getenv(upper);
  return value != NULL && *value != '\0' ? value : NULL;
}

/* The environment's proxies by libcurl's rules: HTTP_PROXY in capitals could
** be a CGI request's header and is not read. Read here, and `no_proxy` is set
** even when there is none, since libcurl would ask on the I/O thread. */
static void read_environment(lua_State *L, salon_Config *c) {
  const char *all = environment("all_proxy", "ALL_PROXY");
  const char *http = environment("http_proxy", NULL);
  const char *https = environment("https_proxy", "HTTPS_PROXY");
  const char *except = environment("no_proxy", "NO_PROXY");
  c->proxy_from_environment = true;
  set_text(L, &c->proxy[SALON_HTTP], http != NULL ? http : all);
  set_text(L, &c->proxy[SALON_HTTPS], https != NULL ? https : all);
  set_text(L, &c->no_proxy, except != NULL ? except : "");
}

static void read_options(lua_State *L, salon_Config *c) {
  read_environment(L, c);
  for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
    lua_getfield(L, 1, options[i].name);
    if (!lua_isnil(L, -1)) options[i].read(L, (char *)c + options[i].to);
    lua_pop(L, 1);
  }
}

/* client(options [, like]): options.label is for tostring; with `like`, another
** client, its configuration is used and all other options are ignored. */
static int client_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  salon_Config *like = lua_isnil(L, 2) ? NULL : salon_check_client(L, 2);
  lua_getfield(L, 1, "label");
  const char *label = luaL_checkstring(L, -1);
  salon_Client *c = (salon_Client *)salon_newuserdata(L, sizeof(*c));
  memset(c, 0, sizeof(*c));
  strncpy(c->label, label, sizeof(c->label) - 1);
  salon_setmetatable(L, SALON_CLIENT);
  lua_newtable(L);
  salon_setuservalue(L, -2);
  c->config = like != NULL ? salon_config_ref(like) : salon_config_new();
  if (c->config == NULL) return luaL_error(L, "not enough memory");
  if (like == NULL) read_options(L, c->config);
  return 1;
}

/* ---- methods ---- */

/* A closed client starts no more calls. What is under way goes on: it holds a
** reference to the configuration itself. */
static int client_close(lua_State *L) {
  to_client(L)->closed = true;
  return 0;
}

static int client_gc(lua_State *L) {
  salon_Client *c = to_client(L);
  c->closed = true;
  salon_config_unref(c->config);
  c->config = NULL;
  return 0;
}

static int client_closed(lua_State *L) {
  lua_pushboolean(L, to_client(L)->closed);
  return 1;
}

static int client_tostring(lua_State *L) {
  salon_Client *c = to_client(L);
  lua_pushfstring(L, "%s(%s)", SALON_CLIENT, !c->closed ? c->label : "closed");
  return 1;
}

/* client.rooms: the services in the user value first, which may be made when they
** are first asked for, then the methods. */
static int client_index(lua_State *L) {
  to_client(L);
  salon_getuservalue(L, 1);
  lua_pushvalue(L, 2);
  lua_gettable(L, -2);
  if (!lua_isnil(L, -1)) return 1;
  lua_pushvalue(L, 2);
  lua_rawget(L, SALON_METHODS);
  return 1;
}

static int client_newindex(lua_State *L) {
  to_client(L);
  return luaL_error(L, "salon.Client is read-only");
}

/* services(client) -> the table for the Lua side, which `client.name` reads */
static int core_services(lua_State *L) {
  to_client(L);
  salon_getuservalue(L, 1);
  return 1;
}

static const luaL_Reg client_meta[] = {{"__gc", client_gc},
                                       {"__close", client_close},
                                       {"__tostring", client_tostring},
                                       {"__index", client_index},
                                       {"__newindex", client_newindex},
                                       {NULL, NULL}};

static const luaL_Reg client_methods[] = {
  {"close", client_close}, {"closed", client_closed}, {NULL, NULL}};

static const luaL_Reg client_functions[] = {
  {"client", client_new}, {"services", core_services}, {NULL, NULL}};

void salon_open_client(lua_State *L) {
  salon_newclass(L, SALON_CLIENT, client_meta, client_methods);
  salon_setfuncs(L, client_functions);
}
