/* private_file.h - files that their owner alone can read. */
#ifndef SALON_PRIVATE_FILE_H
#define SALON_PRIVATE_FILE_H

struct lua_State;

/* core.check_private, core.write_private */
void salon_open_private_file(struct lua_State *L);

#endif
