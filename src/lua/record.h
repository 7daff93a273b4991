/* record.h - read-only views on decoded objects: salon.Room and the like. */
#ifndef SALON_RECORD_H
#define SALON_RECORD_H

#include <stdbool.h>

struct lua_State;

/* When the value at `idx` is a record, pushes the table it shows: true,
** [-0, +1]; otherwise false, [-0, +0]. Never raises. */
bool salon_record_raw(struct lua_State *L, int idx);

/* core.record, core.records, core.raw, core.service_of */
void salon_open_record(struct lua_State *L);

#endif
