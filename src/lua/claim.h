/* claim.h - salon.Claim: a name that one holder has at a time. */
#ifndef SALON_CLAIM_H
#define SALON_CLAIM_H

struct lua_State;

/* core.claim, core.claim_in */
void salon_open_claim(struct lua_State *L);

#endif
