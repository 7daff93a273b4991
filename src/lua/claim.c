/* claim.c - salon.Claim: a name that one holder has at a time, across
** processes. The kernel frees it with the process, whatever becomes of that.
**
** core.claim: on this machine. It is the name of a Unix socket in Linux'
** abstract namespace, so there is no file. Elsewhere, and where there are no
** sockets to be had, everybody gets it: such a claim keeps callers out of each
** other's way and protects nothing.
**
** core.claim_in: among those who can open a file. It is a lock on one byte of
** that. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* F_OFD_SETLK */
#endif
#include "claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "class.h"
#include "io/pid.h"
#include "io/text.h"

#define SALON_CLAIM "salon.Claim"

/* Locks of POSIX belong to the process, so two holders inside of one would both
** have them; where there is nothing better (Linux and macOS have), so be it. */
#ifdef F_OFD_SETLK
#define SET_LOCK F_OFD_SETLK
#else
#define SET_LOCK F_SETLK
#endif

typedef struct salon_Claim {
  int fd;         /* owned; -1 once released, or held by name only */
  pid_t pid;      /* who locked; a child of fork must not unlock */
  bool is_locked; /* it is a file with a lock */
} salon_Claim;

static salon_Claim *to_claim(lua_State *L) {
  return (salon_Claim *)luaL_checkudata(L, 1, SALON_CLAIM);
}

static void close_claim(salon_Claim *claim) {
  if (claim->fd >= 0) close(claim->fd);
  claim->fd = -1;
}

static salon_Claim *push_claim(lua_State *L) {
  salon_Claim *claim = (salon_Claim *)lua_newuserdata(L, sizeof(*claim));
  *claim = (salon_Claim){.fd = -1};
  salon_setmetatable(L, SALON_CLAIM);
  return claim;
}

/* FNV-1a */
static uint64_t hash_of(const char *name, size_t size) {
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < size; i++)
    hash = (hash ^ (unsigned char)name[i]) * 1099511628211u;
  return hash;
}

#ifdef __linux__
/* Names of sockets can be read by all users: a hash stands for `name`. Returns
** the address's size. */
static socklen_t address_of(const char *name, size_t size,
                            struct sockaddr_un *address) {
  uint64_t hash = hash_of(name, size);
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
  salon_Claim *claim = push_claim(L);
  (void)claim, (void)name;
#ifdef __linux__
  struct sockaddr_un address;
  socklen_t length = address_of(name, size, &address);
  claim->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (claim->fd >= 0 &&
      bind(claim->fd, (struct sockaddr *)&address, length) != 0 &&
      errno == EADDRINUSE) {
    close_claim(claim); /* who waits asks often */
    lua_pushnil(L);
  }
#endif
  return 1;
}

static int set_lock(int fd, short type, off_t at, off_t size) {
  struct flock lock = {
    .l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = size};
  return fcntl(fd, SET_LOCK, &lock);
}

/* claim_in(path, name) -> claim; nil while somebody else has it; nil, message
**
** Makes the file, and leaves it: one that is removed while others wait for it
** would give the name to two. */
static int claim_in(lua_State *L) {
  size_t size;
  const char *path = luaL_checkstring(L, 1);
  const char *name = luaL_checklstring(L, 2, &size);
  salon_Claim *claim = push_claim(L);
  claim->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  off_t at = (off_t)(hash_of(name, size) >> 34); /* off_t may have 32 bits */
  claim->is_locked = claim->fd >= 0 && set_lock(claim->fd, F_WRLCK, at, 1) == 0;
  claim->pid = salon_pid();
  if (claim->is_locked) return 1;
  int fault = errno;
  bool is_held = claim->fd >= 0 && (fault == EAGAIN || fault == EACCES);
  close_claim(claim);
  lua_pushnil(L);
  if (is_held) return 1;
  lua_pushstring(L, salon_text_of_error(fault));
  return 2;
}

static int claim_release(lua_State *L) { /* idempotent; also __close, __gc */
  salon_Claim *claim = to_claim(L);
  if (claim->is_locked && claim->pid == salon_pid())
    set_lock(claim->fd, F_UNLCK, 0, 0); /* a child of fork may have it open */
  claim->is_locked = false;
  close_claim(claim);
  return 0;
}

static int claim_tostring(lua_State *L) {
  to_claim(L);
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
  static const luaL_Reg functions[] = {
    {"claim", claim_new}, {"claim_in", claim_in}, {NULL, NULL}};
  salon_newclass(L, SALON_CLAIM, claim_meta, claim_methods);
  salon_setfuncs(L, functions);
}
