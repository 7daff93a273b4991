/* See request.h. A Request that is collected while under way is cancelled.
** After a fork the child sees its parent's requests as cancelled and touches
** nothing of theirs. */
#include "request.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "class.h"
#include "client.h"
#include "file.h"
#include "headers.h"
#include "io/clock.h"
#include "io/engine.h"
#include "io/text.h"
#include "mailbox.h"
#include "token.h"
#include "url.h"

#define SALON_REQUEST "salon.Request"

enum { CLIENT = 1, SPEC, BASE, HEADERS, TOKEN }; /* arguments of request() */

typedef struct salon_Request {
  salon_Exchange *exchange; /* owned: one reference; NULL once given back */
  int readers;              /* methods that read it: a finaliser may close it in
                            ** the middle of one; never less than there are */
  bool closed;
} salon_Request;

static salon_Request *to_request(lua_State *L) {
  return (salon_Request *)luaL_checkudata(L, 1, SALON_REQUEST);
}

static salon_Exchange *open_exchange(lua_State *L) {
  salon_Request *r = to_request(L);
  luaL_argcheck(L, r->exchange != NULL && !r->closed, 1, "request is closed");
  return r->exchange;
}

/* Runs what reads from the exchange and pushes, so that the collector may run. */
static int with_exchange(lua_State *L,
                         int (*read)(lua_State *L, const salon_Exchange *x)) {
  const salon_Exchange *x = open_exchange(L);
  salon_Request *r = to_request(L);
  r->readers++;
  int n = read(L, x);
  r->readers--; /* not after an error: then __gc gives it back */
  return n;
}

/* Not after a fork, in the child: then the I/O thread that would finish it is
** the parent's, and so are its locks. */
static bool is_ours(const salon_Exchange *x) {
  return salon_same_process(x->pid);
}

static bool is_done(const salon_Exchange *x) {
  return !is_ours(x) || salon_exchange_finished(x);
}

/* ---- putting a request together ---- */

/* The argument is a Headers, or an array for one, which is pushed. */
static salon_Headers *read_headers(lua_State *L, const salon_Config *config) {
  if (!lua_isuserdata(L, HEADERS))
    return salon_push_headers(L, HEADERS, config);
  return salon_check_headers(L, HEADERS);
}

/* The token goes from userdata to header without becoming a Lua string. */
static void authorise(lua_State *L, salon_Exchange *x) {
  size_t len;
  if (lua_isnil(L, TOKEN)) return;
  const char *access = salon_token_access(L, TOKEN, &len);
  if (!salon_exchange_authorise(x, access, len))
    luaL_error(L, "not enough memory");
}

/* The text on the top, which something else keeps; pops it. */
static const char *pop_text(lua_State *L, const char *name,
                            const char *fallback) {
  const char *text = fallback;
  if (lua_type(L, -1) == LUA_TSTRING)
    text = lua_tostring(L, -1);
  else if (!lua_isnil(L, -1))
    luaL_error(L, "request: '%s' must be a string", name);
  lua_pop(L, 1);
  return text;
}

/* Borrowed from the spec. */
static const char *text_field(lua_State *L, const char *name,
                              const char *fallback) {
  lua_getfield(L, SPEC, name);
  return pop_text(L, name, fallback);
}

static void set_retry_class(lua_State *L, salon_Exchange *x) {
  static const char *const names[] = {[SALON_RETRY_IDEMPOTENT] = "idempotent",
                                      [SALON_RETRY_UNSENT] = "unsent",
                                      [SALON_RETRY_NEVER] = "never"};
  const char *name = text_field(L, "retry", NULL);
  if (name == NULL) return;
  for (int i = 0; i < 3; i++) {
    if (strcmp(name, names[i]) != 0) continue;
    x->plan.class_ = (salon_RetryClass)i;
    return;
  }
  luaL_error(L, "request: unknown retry class '%s'", name);
}

static int count_field(lua_State *L, const char *name) {
  long long n = 0;
  lua_getfield(L, -1, name);
  if (!salon_towhole(L, -1, &n) || n < 0 || n > 999)
    luaL_error(L, "request: 'repeat_on.%s' must be a whole number", name);
  lua_pop(L, 1);
  return (int)n;
}

/* repeat_on: {status =, prefix =, max =}, the plan's extra rule. */
static void set_repeats(lua_State *L, salon_Exchange *x) {
  lua_getfield(L, SPEC, "repeat_on");
  if (lua_istable(L, -1)) {
    x->plan.repeat_status = count_field(L, "status");
    x->plan.repeat_max = count_field(L, "max");
    lua_getfield(L, -1, "prefix");
    const char *prefix = pop_text(L, "repeat_on.prefix", NULL);
    if (prefix != NULL) {
      x->repeat_prefix = strdup(prefix); /* NULL would stand for any body */
      if (x->repeat_prefix == NULL) luaL_error(L, "not enough memory");
    }
  }
  lua_pop(L, 1);
}

/* Without a deadline there is only the longest that makes sense. */
static void set_deadline(lua_State *L, salon_Exchange *x) {
  double latest = salon_now() + SALON_LONGEST;
  lua_getfield(L, SPEC, "deadline");
  x->deadline = fmin(luaL_optnumber(L, -1, latest), latest);
  lua_pop(L, 1);
}

/* A File of the spec, with a reference for the exchange; NULL without one. */
static salon_File *file_field(lua_State *L, const char *name) {
  lua_getfield(L, SPEC, name);
  salon_File *f = salon_test_file(L, -1);
  if (f == NULL && !lua_isnil(L, -1))
    luaL_error(L, "request: '%s' must be an open File", name);
  lua_pop(L, 1);
  return f != NULL ? salon_file_ref(f) : NULL;
}

/* `silence_timeout` is in seconds, instead of the client's. */
static void set_streaming(lua_State *L, salon_Exchange *x) {
  x->upload = file_field(L, "upload");
  x->download = file_field(L, "download");
  lua_getfield(L, SPEC, "silence_timeout");
  x->silence_timeout = luaL_optnumber(L, -1, x->silence_timeout);
  lua_getfield(L, SPEC, "hands_over");
  x->hands_over = lua_toboolean(L, -1);
  lua_pop(L, 2);
}

/* It becomes the first word of the request. */
static void check_method(lua_State *L, const char *method) {
  size_t letters = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  if (letters == 0 || method[letters] != '\0')
    luaL_error(L, "request: 'method' must be a word in capitals");
}

/* The complete `url` of the spec; or base, parts and query, which may push what
** the URL borrows from. */
static void read_target(lua_State *L, salon_UrlText *made) {
  const char *problem = "is missing";
  if (lua_isnil(L, BASE)) {
    const char *url = text_field(L, "url", NULL);
    if (url != NULL) problem = salon_url_target(url, &made->target);
  } else {
    lua_getfield(L, SPEC, "parts");
    lua_getfield(L, SPEC, "query");
    int query = lua_gettop(L);
    problem = salon_url_make(L, BASE, query - 1, query, made);
  }
  if (problem != NULL) luaL_error(L, "request: the URL %s", problem);
}

/* Makes the exchange. Everything here may raise: `r` owns the exchange from the
** moment it is made, and the exchange what is added, so __gc lets go of all. Texts
** stay borrowed from the spec and the stack until the exchange has copied them,
** so nothing is popped before. */
static void build(lua_State *L, salon_Request *r, salon_Config *config) {
  salon_UrlText made;
  const char *method = text_field(L, "method", "GET");
  check_method(L, method);
  read_target(L, &made);
  salon_Headers *headers = read_headers(L, config);
  size_t body_len = 0;
  lua_getfield(L, SPEC, "body");
  const char *body = luaL_optlstring(L, -1, NULL, &body_len);
  lua_getfield(L, SPEC, "upload");
  bool empty = body == NULL && lua_isnil(L, -1) && strcmp(method, "POST") == 0;
  if (empty) body = "";
  r->exchange = salon_exchange_new(config, method, &made.target, headers, body,
                                   body_len);
  if (r->exchange == NULL) luaL_error(L, "not enough memory");
  authorise(L, r->exchange);
  set_streaming(L, r->exchange);
  set_retry_class(L, r->exchange);
  set_repeats(L, r->exchange);
  set_deadline(L, r->exchange);
}

/* request(client, spec [, base, headers, token]) -> Request | nil, message: the
** system has no descriptor or thread left, or the process is ending. */
static int request_new(lua_State *L) {
  salon_Config *config = salon_check_client(L, CLIENT);
  luaL_checktype(L, SPEC, LUA_TTABLE);
  lua_settop(L, TOKEN);
  salon_Mailbox *mailbox = salon_state_mailbox(L);
  if (mailbox == NULL) return salon_pushfail(L, salon_text_of_error(errno));
  salon_Request *r = (salon_Request *)lua_newuserdata(L, sizeof(*r));
  *r = (salon_Request){.exchange = NULL};
  salon_setmetatable(L, SALON_REQUEST);
  build(L, r, config);
  /* from here on the exchange belongs to the I/O thread, up to its end */
  if (!salon_engine_submit(r->exchange, mailbox))
    return salon_pushfail(L, salon_text_of_error(errno));
  lua_settop(L, TOKEN + 1); /* the Request */
  return 1;
}

/* ---- looking at it ---- */

static int request_done(lua_State *L) {
  lua_pushboolean(L, is_done(open_exchange(L)));
  return 1;
}

static int request_wait(lua_State *L) {
  salon_Exchange *x = open_exchange(L);
  double seconds = luaL_checknumber(L, 2);
  bool done = !is_ours(x) || salon_mailbox_wait(x->mailbox, x, seconds);
  lua_pushboolean(L, done);
  return 1;
}

/* Does nothing for what is finished, or was collected and is still seen in a
** weak table: so this takes a closed one as well. */
static int request_cancel(lua_State *L) {
  salon_Exchange *x = to_request(L)->exchange;
  if (x != NULL) salon_engine_cancel(x);
  return 0;
}

static void set_text(lua_State *L, const char *name, const char *value) {
  lua_pushstring(L, value);
  lua_setfield(L, -2, name);
}

static void set_integer(lua_State *L, const char *name, long value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

static int push_failure(lua_State *L, const salon_Exchange *x) {
  bool ours = is_ours(x);
  lua_pushnil(L);
  lua_createtable(L, 0, 6);
  set_text(L, "kind", ours ? salon_kind_name(x->kind) : "cancelled");
  set_text(L, "message", ours ? x->message : "made before a fork");
  set_text(L, "outcome", salon_outcome_name(ours ? x->outcome : SALON_UNKNOWN));
  set_integer(L, "attempts", ours ? x->attempts : 0);
  if (ours && x->status != 0) set_integer(L, "status", x->status);
  lua_pushboolean(L, ours && x->retryable);
  lua_setfield(L, -2, "retryable");
  return 2;
}

/* The first value of a header, or nil. */
static void push_header(lua_State *L, const salon_Exchange *x,
                        const char *name) {
  size_t at = 0, len = 0;
  const char *value = salon_exchange_header(x, name, &at, &len);
  if (value != NULL)
    lua_pushlstring(L, value, len);
  else
    lua_pushnil(L);
}

/* Only what is finished may be read: until then the I/O thread writes to it.
** result() -> status, body, attempts, request id, date, retryable,
** retry_after | nil, failure */
static int read_result(lua_State *L, const salon_Exchange *x) {
  if (!is_done(x)) return luaL_error(L, "request is not finished");
  if (!is_ours(x) || x->kind != SALON_OK) return push_failure(L, x);
  lua_pushinteger(L, x->status);
  lua_pushlstring(L, x->content.len > 0 ? x->content.data : "", x->content.len);
  lua_pushinteger(L, x->attempts);
  push_header(L, x, "X-Request-Id");
  push_header(L, x, "Date");
  lua_pushboolean(L, x->retryable);
  if (x->retry_after < 0) return 6;
  salon_pushinteger(L, x->retry_after);
  return 7;
}

static int request_result(lua_State *L) {
  return with_exchange(L, read_result);
}

/* header(name) -> its values, joined by ", " | nothing */
static int read_header(lua_State *L, const salon_Exchange *x) {
  const char *name = luaL_checkstring(L, 2);
  size_t at = 0, len;
  if (!is_done(x)) return luaL_error(L, "request is not finished");
  if (!is_ours(x)) return 0;
  const char *value = salon_exchange_header(x, name, &at, &len);
  if (value == NULL) return 0;
  lua_pushlstring(L, value, len);
  while ((value = salon_exchange_header(x, name, &at, &len)) != NULL) {
    lua_pushliteral(L, ", ");
    lua_pushlstring(L, value, len);
    lua_concat(L, 3);
  }
  return 1;
}

/* tries() -> list of { began =, ended =, status = }, times on core.now's clock */
static int read_tries(lua_State *L, const salon_Exchange *x) {
  int n = is_done(x) && is_ours(x) ? x->noted : 0;
  lua_createtable(L, n, 0);
  for (int i = 0; i < n; i++) {
    const salon_Try *t = &x->tries[i];
    lua_createtable(L, 0, 3);
    lua_pushnumber(L, t->began);
    lua_setfield(L, -2, "began");
    lua_pushnumber(L, t->ended);
    lua_setfield(L, -2, "ended");
    if (t->status != 0) set_integer(L, "status", t->status);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

static int request_tries(lua_State *L) { return with_exchange(L, read_tries); }

static int request_header(lua_State *L) {
  return with_exchange(L, read_header);
}

/* pending() -> id that the mailbox will tell, seconds until its deadline | nil
** once it is done. For hosts that take from the mailbox; `done` is for others. */
static int request_pending(lua_State *L) {
  salon_Exchange *x = open_exchange(L);
  if (!is_ours(x) || !salon_mailbox_want(x->mailbox, x)) return 0;
  salon_pushinteger(L, (long long)x->id);
  lua_pushnumber(L, fmax(x->deadline - salon_now(), 0));
  return 2;
}

static int request_id(lua_State *L) {
  salon_pushinteger(L, (long long)open_exchange(L)->id);
  return 1;
}

static int read_method(lua_State *L, const salon_Exchange *x) {
  lua_pushstring(L, x->method);
  return 1;
}

static int request_method(lua_State *L) {
  return with_exchange(L, read_method);
}

/* Without the query: it may hold what a log must not. */
static int read_url(lua_State *L, const salon_Exchange *x) {
  lua_pushlstring(L, x->url, strcspn(x->url, "?"));
  return 1;
}

static int request_url(lua_State *L) { return with_exchange(L, read_url); }

/* ---- its end ---- */

static void give_back(salon_Request *r) {
  if (r->exchange != NULL && is_ours(r->exchange))
    salon_exchange_unref(r->exchange);
  r->exchange = NULL;
}

static int request_close(lua_State *L) {
  salon_Request *r = to_request(L);
  r->closed = true;
  if (r->exchange != NULL && is_ours(r->exchange))
    salon_engine_cancel(r->exchange);
  if (r->readers == 0) give_back(r);
  return 0;
}

static int request_gc(lua_State *L) {
  request_close(L);
  give_back(to_request(L));
  return 0;
}

static int read_text(lua_State *L, const salon_Exchange *x) {
  read_url(L, x);
  lua_pushfstring(L, "salon.Request(%s %s %s)",
                  is_done(x) ? "done" : "under way", x->method,
                  lua_tostring(L, -1));
  return 1;
}

static int request_tostring(lua_State *L) {
  salon_Request *r = to_request(L);
  if (r->exchange != NULL && !r->closed) return with_exchange(L, read_text);
  lua_pushliteral(L, "salon.Request(closed)");
  return 1;
}

static const luaL_Reg request_meta[] = {{"__gc", request_gc},
                                        {"__close", request_close},
                                        {"__tostring", request_tostring},
                                        {NULL, NULL}};

static const luaL_Reg request_methods[] = {
  {"done", request_done},     {"wait", request_wait},
  {"cancel", request_cancel}, {"close", request_close},
  {"result", request_result}, {"header", request_header},
  {"tries", request_tries},   {"pending", request_pending},
  {"id", request_id},         {"method", request_method},
  {"url", request_url},       {NULL, NULL}};

void salon_open_request(lua_State *L) {
  salon_newclass(L, SALON_REQUEST, request_meta, request_methods);
  lua_pushcfunction(L, request_new);
  lua_setfield(L, -2, "request");
}
