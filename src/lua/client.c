/* See client.h. The options were checked in Lua, in words for people; the
** checks here only keep the C code safe. */
#include "client.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "class.h"

typedef struct salon_Client {
  salon_Config *config; /* owned: one reference, until it is collected: a
                        ** finaliser may close a client that is in use */
  bool closed;
  double timeout;  /* seconds a call may take unless it says otherwise */
  char label[256]; /* "opentalk https://meet.example.org" */
} salon_Client;

static salon_Client *toclient(lua_State *L) {
  return (salon_Client *)salon_checkself(L, SALON_CLIENT);
}

salon_Config *salon_checkclient(lua_State *L, int idx, int class,
                                double *timeout) {
  salon_Client *c = (salon_Client *)salon_checkclass(L, idx, class,
                                                     SALON_CLIENT);
  if (c->config == NULL || c->closed) luaL_argerror(L, idx, "client is closed");
  *timeout = c->timeout;
  return c->config;
}

/* ---- reading the configuration table, argument 1 ---- */

static void read_text(lua_State *L, const char *name, char **to) {
  lua_getfield(L, 1, name);
  const char *text = lua_isnil(L, -1) ? NULL : luaL_checkstring(L, -1);
  if (text != NULL && *text != '\0') {
    free(*to);
    *to = strdup(text);
    if (*to == NULL) luaL_error(L, "not enough memory");
  }
  lua_pop(L, 1);
}

/* Calls that take longer than a year make no sense, but overflow. */
static void read_seconds(lua_State *L, const char *name, double *to) {
  lua_getfield(L, 1, name);
  if (!lua_isnil(L, -1)) {
    double n = luaL_checknumber(L, -1);
    if (!(n >= 0)) luaL_error(L, "client: '%s' must not be negative", name);
    *to = fmin(n, 366.0 * 86400);
  }
  lua_pop(L, 1);
}

static void read_size(lua_State *L, const char *name, size_t *to) {
  lua_getfield(L, 1, name);
  if (!lua_isnil(L, -1)) {
    double n = luaL_checknumber(L, -1);
    if (!(n >= 0)) luaL_error(L, "client: '%s' must not be negative", name);
    *to = n < (double)(SIZE_MAX / 2) ? (size_t)n : SIZE_MAX / 2;
  }
  lua_pop(L, 1);
}

static void read_count(lua_State *L, const char *name, int *to) {
  double n = *to;
  read_seconds(L, name, &n);
  *to = n < 1 ? 1 : (int)n;
}

static void read_http_version(lua_State *L, salon_Config *c) {
  static const char *const names[] = {"auto", "1.1", "2", NULL};
  lua_getfield(L, 1, "http_version");
  const char *name = luaL_optstring(L, -1, "auto");
  for (int i = 0; names[i] != NULL; i++)
    if (strcmp(name, names[i]) == 0) c->http_version = (salon_HttpVersion)i;
  lua_pop(L, 1);
}

static const char *environment(const char *lower, const char *upper) {
  const char *value = getenv(lower);
  if (value == NULL && upper != NULL) value = getenv(upper);
  return value != NULL && *value != '\0' ? value : NULL;
}

static char *copy(lua_State *L, const char *text) {
  char *s = text == NULL ? NULL : strdup(text);
  if (text != NULL && s == NULL) luaL_error(L, "not enough memory");
  return s;
}

/* The environment's proxies by libcurl's rules: HTTP_PROXY in capitals could
** be a CGI request's header and is not read. */
static void read_proxy(lua_State *L, salon_Config *c) {
  lua_getfield(L, 1, "proxy");
  c->proxy_from_environment = lua_isnil(L, -1);
  if (c->proxy_from_environment) {
    const char *all = environment("all_proxy", "ALL_PROXY");
    const char *http = environment("http_proxy", NULL);
    const char *https = environment("https_proxy", "HTTPS_PROXY");
    c->proxy[SALON_HTTP] = copy(L, http != NULL ? http : all);
    c->proxy[SALON_HTTPS] = copy(L, https != NULL ? https : all);
  } else {
    for (int i = 0; i < SALON_SCHEMES; i++) read_text(L, "proxy", &c->proxy[i]);
  }
  /* never NULL: libcurl would ask the environment, on the I/O thread */
  lua_getfield(L, 1, "no_proxy");
  const char *except = environment("no_proxy", "NO_PROXY");
  if (!lua_isnil(L, -1)) except = luaL_checkstring(L, -1);
  c->no_proxy = copy(L, except != NULL ? except : "");
  lua_pop(L, 2);
}

static void read_config(lua_State *L, salon_Config *c) {
  read_text(L, "user_agent", &c->user_agent);
  read_text(L, "ca_file", &c->ca_file);
  read_proxy(L, c);
  read_http_version(L, c);
  read_seconds(L, "connect_timeout", &c->connect_timeout);
  read_seconds(L, "idle_timeout", &c->idle_timeout);
  read_size(L, "max_body", &c->max_body);
  read_size(L, "max_header", &c->max_header);
  read_count(L, "max_in_flight", &c->max_in_flight);
  read_count(L, "max_per_origin", &c->max_per_origin);
  read_seconds(L, "max_rate", &c->max_rate);
  read_seconds(L, "retry_budget", &c->retry_budget);
  read_seconds(L, "first_byte_timeout", &c->first_byte_timeout);
  read_seconds(L, "silence_timeout", &c->silence_timeout);
  read_count(L, "max_tries", &c->retry.max_tries);
  read_seconds(L, "retry_base", &c->retry.base);
  read_seconds(L, "retry_cap", &c->retry.cap);
  read_seconds(L, "retry_after_cap", &c->retry.retry_after_cap);
}

static int client_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_getfield(L, 1, "label");
  const char *label = luaL_checkstring(L, -1);
  salon_Client *c = (salon_Client *)salon_newuserdata(L, sizeof(*c));
  memset(c, 0, sizeof(*c));
  strncpy(c->label, label, sizeof(c->label) - 1);
  salon_setmetatable(L, SALON_CLIENT);
  lua_newtable(L);
  salon_setuservalue(L, -2);
  c->config = salon_config_new();
  if (c->config == NULL) return luaL_error(L, "not enough memory");
  c->timeout = 30;
  read_seconds(L, "timeout", &c->timeout);
  read_config(L, c->config);
  return 1;
}

/* ---- methods ---- */

/* What is under way goes on: it holds the configuration itself. */
static int client_close(lua_State *L) {
  toclient(L)->closed = true;
  return 0;
}

static int client_gc(lua_State *L) {
  salon_Client *c = toclient(L);
  c->closed = true;
  salon_config_unref(c->config);
  c->config = NULL;
  return 0;
}

static int client_closed(lua_State *L) {
  lua_pushboolean(L, toclient(L)->closed);
  return 1;
}

static int client_tostring(lua_State *L) {
  salon_Client *c = toclient(L);
  lua_pushfstring(L, "%s(%s)", SALON_CLIENT, !c->closed ? c->label : "closed");
  return 1;
}

/* client.rooms: the Lua side's table first, then the methods. */
static int client_index(lua_State *L) {
  toclient(L);
  salon_getuservalue(L, 1);
  lua_pushvalue(L, 2);
  lua_rawget(L, -2);
  if (!lua_isnil(L, -1)) return 1;
  lua_pushvalue(L, 2);
  lua_rawget(L, SALON_METHODS);
  return 1;
}

static int client_newindex(lua_State *L) {
  toclient(L);
  return luaL_error(L, "salon.Client is read-only");
}

static int core_services(lua_State *L) {
  toclient(L);
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
