/* salon.File: bytes to send, from the disk or from memory, or a file for those
** that come. It is opened before anything is asked of a server, and goes along
** with all the requests of one call. */
#ifndef SALON_LUA_FILE_H
#define SALON_LUA_FILE_H

#include "compat.h"
#include "io/file.h"

/* Borrowed from the userdata; NULL where it is none, or closed. Never raises. */
salon_File *salon_test_file(lua_State *L, int idx);

void salon_open_file(lua_State *L);

#endif
