/* claim.c - salon.Claim: a name that one holder on this machine has at a time,
** across processes.
**
** It is the name of a Unix socket in Linux' abstract namespace: the kernel
** frees it with the process, whatever becomes of that, and there is no file.
** Elsewhere, and where there are no sockets to be had, everybody gets it: a
** claim keeps callers out of each other's way and protects nothing. */
#include "claim.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "class.h"

#define SALON_CLAIM "salon.Claim"

typedef struct salon_Claim {
  int fd; /* owned; -1 once released, or held by name only */
} salon_Claim;

static salon_Claim *toclaim(lua_State *L) {
  return (salon_Claim *)luaL_checkudata(L, 1, SALON_CLAIM);
}

#ifdef __linux__
/* Names of sockets can be read by all users: a hash (FNV-1a) stands for `name`.
** Returns the address's size. */
static socklen_t address_of(const char *name, size_t size,
                            struct sockaddr_un *address) {
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < size; i++)
    hash = (hash ^ (unsigned char)name[i]) * 1099511628211u;
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  int n = snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1,
                   "salon-%016llx", (unsigned long long)hash);
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}
#endif

/* claim(name) -> claim, or nil while somebody else has it */
static int claim_new(lua_State *L) {
  size_t size;
  const char *name = luaL_checklstring(L, 1, &size);
  salon_Claim *claim = (salon_Claim *)lua_newuserdata(L, sizeof(*claim));
  claim->fd = -1;
  salon_setmetatable(L, SALON_CLAIM);
#ifdef __linux__
  struct sockaddr_un address;
  socklen_t length = address_of(name, size, &address);
  claim->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (claim->fd >= 0 &&
      bind(claim->fd, (struct sockaddr *)&address, length) != 0 &&
      errno == EADDRINUSE)
    lua_pushnil(L); /* the rest is collected */
#endif
  return 1;
}

static int claim_release(lua_State *L) { /* idempotent; also __close, __gc */
  salon_Claim *claim = toclaim(L);
  if (claim->fd >= 0) close(claim->fd);
  claim->fd = -1;
  return 0;
}

static int claim_tostring(lua_State *L) {
  toclaim(L);
  lua_pushliteral(L, SALON_CLAIM);
  return 1;
}

static const luaL_Reg claim_meta[] = {{"__gc", claim_release},
                                      {"__close", claim_release},
                                      {"__tostring", claim_tostring},
                                      {NULL, NULL}};

static const luaL_Reg claim_methods[] = {{"release", claim_release},
                                         {NULL, NULL}};

void salon_open_claim(lua_State *L) {
  static const luaL_Reg functions[] = {{"claim", claim_new}, {NULL, NULL}};
  salon_newclass(L, SALON_CLAIM, claim_meta, claim_methods);
  salon_setfuncs(L, functions);
}
