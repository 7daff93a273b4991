/* private_file.c - files that their owner alone can read: what logins are kept
** in between two runs. Lua can neither see who may read a file nor make one for
** its owner alone.
**
** Not to break: at every moment the file is the old one or the new one as a
** whole, also when the process dies or the disk is full. */
#include "private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "class.h"
#include "io/text.h"

/* check_private(path) -> true; nil where there is none; nil, message */
static int check_private(lua_State *L) {
  struct stat about;
  const char *path = luaL_checkstring(L, 1);
  if (lstat(path, &about) != 0)
    return errno == ENOENT ? 0 : salon_pushfail(L, salon_text_of_error(errno));
  if (S_ISLNK(about.st_mode)) /* a write would replace it */
    return salon_pushfail(L, "it is a symbolic link: name what it leads to");
  if (S_ISDIR(about.st_mode)) return salon_pushfail(L, "it is a directory");
  if (!S_ISREG(about.st_mode))
    return salon_pushfail(L, "it is not a plain file");
  if (about.st_uid != geteuid())
    return salon_pushfail(L, "it belongs to another user");
  if ((about.st_mode & 077) != 0)
    return salon_pushfail(L, "other users may read or write it: chmod 600 it");
  lua_pushboolean(L, 1);
  return 1;
}

/* Returns 0 or errno. */
static int write_all(int fd, const char *from, size_t size) {
  while (size > 0) {
    ssize_t n = write(fd, from, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    from += n;
    size -= (size_t)n;
  }
  return fsync(fd) == 0 ? 0 : errno;
}

/* write_private(path, text) -> true | nil, message
**
** One at a time for a path: the new file has one name. */
static int write_private(lua_State *L) {
  size_t size;
  const char *path = luaL_checkstring(L, 1);
  const char *text = luaL_checklstring(L, 2, &size);
  const char *new_path = lua_pushfstring(L, "%s.new", path);
  unlink(new_path); /* a process died while it wrote it */
  int fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return salon_pushfail(
      L, lua_pushfstring(L, "%s: %s", new_path, salon_text_of_error(errno)));
  int fault = write_all(fd, text, size);
  close(fd);
  if (fault == 0 && rename(new_path, path) != 0) fault = errno;
  if (fault != 0) {
    unlink(new_path);
    return salon_pushfail(L, salon_text_of_error(fault));
  }
  lua_pushboolean(L, 1);
  return 1;
}

void salon_open_private_file(lua_State *L) {
  static const luaL_Reg functions[] = {{"check_private", check_private},
                                       {"write_private", write_private},
                                       {NULL, NULL}};
  salon_setfuncs(L, functions);
}
