/* See file.h.
**
** What comes goes to a file of its own beside the final one, which takes its
** name at the end: whoever opens the final name finds the old bytes or the new
** ones as a whole. Not to break: that file is locked while it is written to,
** and after the lock it is made sure that it still has its name, as the one who
** had the lock before may just have given it the final one. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "class.h"
#include "io/engine.h"
#include "io/pid.h"
#include "io/text.h"

#define SALON_FILE_CLASS "salon.File"

typedef struct File {
  salon_File *file; /* owned: one reference; NULL once closed */
  pid_t pid;        /* of the process that opened it: names are its own */
  bool temporary;   /* it goes with this object unless it was kept */
} File;

static File *to_file(lua_State *L) {
  return (File *)luaL_checkudata(L, 1, SALON_FILE_CLASS);
}

static salon_File *open_file(lua_State *L) {
  File *f = to_file(L);
  luaL_argcheck(L, f->file != NULL, 1, "file is closed");
  return f->file;
}

salon_File *salon_test_file(lua_State *L, int idx) {
  const File *f = (File *)salon_testudata(L, idx, SALON_FILE_CLASS);
  return f != NULL ? f->file : NULL;
}

/* What it is to hold is acquired once it can be collected. */
static File *push_file(lua_State *L) {
  File *f = (File *)lua_newuserdata(L, sizeof(*f));
  *f = (File){.file = NULL, .pid = salon_pid()};
  salon_setmetatable(L, SALON_FILE_CLASS);
  return f;
}

static int failed(lua_State *L, int why) {
  return salon_pushfail(L, salon_text_of_error(why));
}

/* ---- opening ---- */

static int take(lua_State *L, File *f, salon_File *file) {
  f->file = file;
  return file != NULL ? 1 : failed(L, ENOMEM);
}

/* core.bytes_to_send(text) -> File */
static int bytes_to_send(lua_State *L) {
  size_t len;
  const char *bytes = luaL_checklstring(L, 1, &len);
  File *f = push_file(L);
  return take(L, f, salon_file_text(bytes, len));
}

/* core.file_to_send(path) -> File | nil, message */
static int file_to_send(lua_State *L) {
  struct stat st;
  const char *path = luaL_checkstring(L, 1);
  File *f = push_file(L);
  int fd = open(path,
                O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait */
  if (fd < 0) return failed(L, errno);
  int why = fstat(fd, &st) != 0    ? errno
            : S_ISDIR(st.st_mode)  ? EISDIR
            : !S_ISREG(st.st_mode) ? EINVAL
                                   : 0;
  if (why == 0) return take(L, f, salon_file_source(fd, st.st_size, path));
  close(fd);
  return failed(L, why);
}

static bool is_named(int fd, const char *path) {
  struct stat a, b;
  return fstat(fd, &a) == 0 && lstat(path, &b) == 0 && a.st_ino == b.st_ino &&
         a.st_dev == b.st_dev;
}

/* Not in a forked child, whose parent may go on with it. */
static void discard(const File *f) {
  const salon_File *file = f->file;
  if (salon_same_process(f->pid) && is_named(file->fd, file->name))
    unlink(file->name);
}

static void release(File *f) {
  if (f->file != NULL && f->temporary) discard(f);
  salon_file_unref(f->file);
  f->file = NULL;
}

/* < 0 with errno; EWOULDBLOCK: somebody else writes to it. File systems without
** locks have none. */
static int open_locked(const char *path) {
  for (;;) {
    int fd = open(path, /* a pipe would wait for a reader */
                  O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                  0666);
    if (fd < 0) return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      close(fd);
      errno = EWOULDBLOCK;
      return -1;
    }
    if (is_named(fd, path)) return fd;
    close(fd);
  }
}

/* Why nothing can take this name at the end, as errno. */
static int target_fault(const char *path) {
  struct stat st;
  if (stat(path, &st) != 0) return 0;
  return S_ISDIR(st.st_mode) ? EISDIR : S_ISREG(st.st_mode) ? 0 : EINVAL;
}

/* core.file_to_write(path, partial, goes_on) -> File | nil, message, is_locked:
** `partial` is written to, from its end on or from its beginning. */
static int file_to_write(lua_State *L) {
  struct stat st;
  const char *partial = luaL_checkstring(L, 2);
  int why = target_fault(luaL_checkstring(L, 1));
  bool goes_on = lua_toboolean(L, 3);
  File *f = push_file(L);
  f->file = salon_file_sink(-1, 0, partial); /* before anything is made */
  if (f->file == NULL) why = ENOMEM;
  int fd = why == 0 ? open_locked(partial) : -1;
  if (fd < 0) {
    why = why != 0 ? why : errno;
    if (why != EWOULDBLOCK) return failed(L, why);
    lua_pushnil(L);
    lua_pushliteral(L, "another download writes to it");
    lua_pushboolean(L, 1);
    return 3;
  }
  f->file->fd = fd;
  f->temporary = !goes_on;
  /* Only if it holds something: ext4 writes a file that was cut to nothing back
  ** to the disk when it is closed, and whoever closes it waits. */
  if (fstat(fd, &st) != 0 ||
      (!goes_on && st.st_size > 0 && ftruncate(fd, 0) != 0)) {
    why = errno;
    release(f);
    return failed(L, why);
  }
  salon_file_seek(f->file, goes_on ? st.st_size : 0);
  if (stat(lua_tostring(L, 1), &st) == 0) /* read by nobody new */
    (void)fchmod(fd, (st.st_mode & 0777) | S_IWUSR);
  return 1;
}

/* ---- methods ---- */

/* progress() -> bytes so far, bytes in all or nil. At any time. */
static int file_progress(lua_State *L) {
  salon_File *f = open_file(L);
  long long total = atomic_load_explicit(&f->total, memory_order_relaxed);
  salon_pushinteger(L, atomic_load_explicit(&f->done, memory_order_relaxed));
  if (total < 0) return 1;
  salon_pushinteger(L, total);
  return 2;
}

/* keep(path) -> true | nil, message: what has been written takes this name. */
static int file_keep(lua_State *L) {
  const salon_File *f = open_file(L);
  const char *path = luaL_checkstring(L, 2);
  if (!is_named(f->fd, f->name)) return failed(L, ENOENT);
  if (rename(f->name, path) != 0) return failed(L, errno);
  lua_pushboolean(L, 1);
  return 1;
}

/* discard(): removes what has been written. */
static int file_discard(lua_State *L) {
  open_file(L);
  discard(to_file(L));
  return 0;
}

static int file_close(lua_State *L) {
  File *f = to_file(L);
  salon_file_unref(f->file);
  f->file = NULL;
  return 0;
}

/* Whoever waited for it may have been killed, as light threads are. */
static int file_gc(lua_State *L) {
  release(to_file(L));
  return 0;
}

static int file_tostring(lua_State *L) {
  lua_pushfstring(L, "%s(%s)", SALON_FILE_CLASS,
                  to_file(L)->file != NULL ? "open" : "closed");
  return 1;
}

static const luaL_Reg file_meta[] = {{"__gc", file_gc},
                                     {"__close", file_close},
                                     {"__tostring", file_tostring},
                                     {NULL, NULL}};

static const luaL_Reg file_methods[] = {{"progress", file_progress},
                                        {"keep", file_keep},
                                        {"discard", file_discard},
                                        {"close", file_close},
                                        {NULL, NULL}};

static const luaL_Reg file_functions[] = {{"bytes_to_send", bytes_to_send},
                                          {"file_to_send", file_to_send},
                                          {"file_to_write", file_to_write},
                                          {NULL, NULL}};

void salon_open_file(lua_State *L) {
  salon_newclass(L, SALON_FILE_CLASS, file_meta, file_methods);
  salon_setfuncs(L, file_functions);
}
