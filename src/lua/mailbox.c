/* See mailbox.h. The Mailbox userdata sits in the registry from the moment the
** module is first loaded; being older than every Request it is collected last when
** the state closes, and its __gc is the state's goodbye to the engine. */
#include "mailbox.h"

#include <errno.h>

#include "class.h"
#include "io/engine.h"
#include "io/text.h"

#define SALON_MAILBOX "salon.Mailbox"

typedef struct Slot {
  salon_Mailbox *mailbox; /* owned: one reference; NULL until first used */
  bool entered;           /* counted among the engine's states */
} Slot;

static const char registry_key; /* its address is the key */

static Slot *to_slot(lua_State *L) {
  return (Slot *)luaL_checkudata(L, 1, SALON_MAILBOX);
}

/* The mailbox, made when it is first needed. What a parent process made is
** left alone, it is neither closed nor freed. */
static salon_Mailbox *open_mailbox(Slot *n) {
  salon_Mailbox *m = n->mailbox;
  if (m != NULL && salon_same_process(m->pid)) return m;
  errno = ECANCELED; /* a finaliser calls while the state closes */
  n->mailbox = n->entered ? salon_mailbox_new() : NULL;
  return n->mailbox;
}

static salon_Mailbox *to_mailbox(lua_State *L) {
  salon_Mailbox *m = open_mailbox(to_slot(L));
  if (m == NULL)
    luaL_error(L, "salon: no mailbox: %s", salon_text_of_error(errno));
  return m;
}

salon_Mailbox *salon_state_mailbox(lua_State *L) {
  salon_rawgetp(L, LUA_REGISTRYINDEX, &registry_key);
  Slot *n = (Slot *)lua_touserdata(L, -1);
  lua_pop(L, 1);
  return open_mailbox(n);
}

/* The end of the state. Of a mailbox that a parent process made nothing is
** touched: a thread of the parent may hold its lock for good. */
static int mailbox_gc(lua_State *L) {
  Slot *n = to_slot(L);
  if (n->mailbox != NULL && salon_same_process(n->mailbox->pid))
    salon_mailbox_unref(n->mailbox);
  n->mailbox = NULL;
  if (n->entered) salon_engine_leave();
  n->entered = false;
  return 0;
}

static int mailbox_tostring(lua_State *L) {
  to_slot(L);
  lua_pushliteral(L, SALON_MAILBOX);
  return 1;
}

static int mailbox_listen(lua_State *L) {
  const char *path = salon_mailbox_listen(to_mailbox(L));
  if (path == NULL) return salon_pushfail(L, salon_text_of_error(errno));
  lua_pushstring(L, path);
  return 1;
}

static int mailbox_accept(lua_State *L) {
  if (!salon_mailbox_accept(to_mailbox(L)))
    return salon_pushfail(L, salon_text_of_error(errno));
  lua_pushboolean(L, 1);
  return 1;
}

/* take() -> id of the next request that finished | nothing */
static int mailbox_take(lua_State *L) {
  uint64_t id = salon_mailbox_take(to_mailbox(L));
  if (id == 0) return 0;
  salon_pushinteger(L, (long long)id);
  return 1;
}

/* arm() -> true: nothing is there, the next completion writes a byte | false:
** take first */
static int mailbox_arm(lua_State *L) {
  lua_pushboolean(L, salon_mailbox_arm(to_mailbox(L)));
  return 1;
}

/* Blocks until there is something to take. May return early, on a signal. */
static int mailbox_wait(lua_State *L) {
  double seconds = luaL_checknumber(L, 2);
  lua_pushboolean(L, salon_mailbox_wait(to_mailbox(L), NULL, seconds));
  return 1;
}

static int mailbox_in_flight(lua_State *L) {
  lua_pushinteger(L, atomic_load(&to_mailbox(L)->in_flight));
  return 1;
}

static const luaL_Reg mailbox_meta[] = {
  {"__gc", mailbox_gc}, {"__tostring", mailbox_tostring}, {NULL, NULL}};

static const luaL_Reg mailbox_methods[] = {{"listen", mailbox_listen},
                                           {"accept", mailbox_accept},
                                           {"take", mailbox_take},
                                           {"arm", mailbox_arm},
                                           {"in_flight", mailbox_in_flight},
                                           {"wait", mailbox_wait},
                                           {NULL, NULL}};

static int core_mailbox(lua_State *L) {
  if (salon_state_mailbox(L) == NULL)
    luaL_error(L, "salon: no mailbox: %s", salon_text_of_error(errno));
  salon_rawgetp(L, LUA_REGISTRYINDEX, &registry_key);
  return 1;
}

static int core_engine_stop(lua_State *L) {
  (void)L;
  salon_engine_stop();
  return 0;
}

static const luaL_Reg mailbox_functions[] = {
  {"mailbox", core_mailbox}, {"engine_stop", core_engine_stop}, {NULL, NULL}};

/* Once a state: whoever loads the module anew finds the mailbox there, as the
** requests from before refer to it. */
static void enter(lua_State *L) {
  Slot *n = (Slot *)lua_newuserdata(L, sizeof(*n));
  *n = (Slot){.mailbox = NULL};
  salon_setmetatable(L, SALON_MAILBOX);
  salon_rawsetp(L, LUA_REGISTRYINDEX, &registry_key);
  salon_engine_enter();
  n->entered = true;
}

void salon_open_mailbox(lua_State *L) {
  salon_newclass(L, SALON_MAILBOX, mailbox_meta, mailbox_methods);
  salon_rawgetp(L, LUA_REGISTRYINDEX, &registry_key);
  if (lua_isnil(L, -1)) enter(L);
  lua_pop(L, 1);
  salon_setfuncs(L, mailbox_functions);
}
