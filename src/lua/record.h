/* record.h - read-only views on decoded objects: salon.Room and the like. */
#ifndef SALON_RECORD_H
#define SALON_RECORD_H

struct lua_State;

/* When the value at `idx` is a record, pushes the table it shows and returns
   1; otherwise returns 0 and pushes nothing. Never raises. */
int salon_record_raw(struct lua_State *L, int idx);

/* core.record, core.records, core.raw, core.client_of */
void salon_open_record(struct lua_State *L);

#endif
