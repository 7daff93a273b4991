/* luaopen_salon_core: registers the types and functions of the other files
** and nothing else, and keeps the module in memory for good: Lua unloads C
** modules when a state closes, but the I/O thread of another state, libcurl's
** resolver threads and the exit handler may outlive it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr */
#endif
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "claim.h"
#include "client.h"
#include "compat.h"
#include "decode.h"
#include "file.h"
#include "headers.h"
#include "io/clock.h"
#include "io/curlcompat.h"
#include "io/pid.h"
#include "json.h"
#include "mailbox.h"
#include "private_file.h"
#include "record.h"
#include "request.h"
#include "secret.h"
#include "token.h"
#include "url.h"

int luaopen_salon_core(lua_State *L);

/* A linker flag would do as well, but a rockspec cannot give one. */
static void pin_module(void) {
#ifdef RTLD_NODELETE
  Dl_info info;
  if (dladdr((void *)&luaopen_salon_core, &info) != 0)
    (void)dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
#endif
}

static int core_now(lua_State *L) {
  lua_pushnumber(L, salon_now());
  return 1;
}

/* Blocks. Ends early on a signal, so that the hook of lua's Ctrl-C gets to run. */
static int core_sleep(lua_State *L) {
  double seconds = fmin(fmax(luaL_checknumber(L, 1), 0), 86400);
  struct timespec pause = {.tv_sec = (time_t)seconds};
  pause.tv_nsec = (long)((seconds - (double)pause.tv_sec) * 1e9);
  nanosleep(&pause, NULL);
  return 0;
}

static int core_pid(lua_State *L) {
  salon_pushinteger(L, salon_pid());
  return 1;
}

/* runs(pid): is there such a process on this machine? */
static int core_runs(lua_State *L) {
  lua_Number pid = luaL_checknumber(L, 1);
  lua_pushboolean(L, pid >= 1 && pid <= INT_MAX &&
                       (kill((pid_t)pid, 0) == 0 || errno != ESRCH));
  return 1;
}

/* printed(): has all of the standard output been written? `print` passes over
** what it could not write, and a later flush then finds nothing to do. */
static int core_printed(lua_State *L) {
  int flushed = fflush(stdout) == 0;
  lua_pushboolean(L, flushed && !ferror(stdout));
  return 1;
}

/* What libcurl can do here; for bug reports. */
static int core_curl(lua_State *L) {
  static const struct {
    int bit;
    const char *name;
  } features[] = {{CURL_VERSION_HTTP2, "HTTP2"},
                  {CURL_VERSION_SSL, "SSL"},
                  {CURL_VERSION_IPV6, "IPv6"},
                  {CURL_VERSION_LIBZ, "libz"},
                  {CURL_VERSION_ASYNCHDNS, "AsynchDNS"},
                  {CURL_VERSION_BROTLI, "brotli"},
                  {CURL_VERSION_ZSTD, "zstd"}};
  const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
  lua_newtable(L);
  lua_pushstring(L, v->version);
  lua_setfield(L, -2, "version");
  lua_pushstring(L, v->ssl_version);
  lua_setfield(L, -2, "ssl");
  lua_pushboolean(L, (v->features & CURL_VERSION_HTTP2) != 0);
  lua_setfield(L, -2, "http2");
  lua_newtable(L);
  int n = 0;
  for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
    if ((v->features & features[i].bit) == 0) continue;
    lua_pushstring(L, features[i].name);
    lua_rawseti(L, -2, ++n);
  }
  lua_setfield(L, -2, "features");
  return 1;
}

LUALIB_API int luaopen_salon_core(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"now", core_now},   {"sleep", core_sleep},     {"pid", core_pid},
    {"runs", core_runs}, {"printed", core_printed}, {"curl", core_curl},
    {NULL, NULL}};
  pin_module();
  lua_newtable(L);
  salon_setfuncs(L, functions);
  salon_open_url(L);
  salon_open_json(L);
  salon_open_decode(L);
  salon_open_secret(L);
  salon_open_token(L);
  salon_open_claim(L);
  salon_open_private_file(L);
  salon_open_file(L);
  salon_open_record(L);
  salon_open_mailbox(L); /* before all requests: collected after them */
  salon_open_client(L);
  salon_open_headers(L);
  salon_open_request(L);
  return 1;
}
