/* claim.h - salon.Claim: a name that one holder on this machine has. */
#ifndef SALON_CLAIM_H
#define SALON_CLAIM_H

struct lua_State;

/* core.claim */
void salon_open_claim(struct lua_State *L);

#endif
