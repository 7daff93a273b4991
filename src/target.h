/* A request's path and headers as one text that libcurl copies.
**
** libcurl prints the headers it is given a byte at a time, at some 115
** instructions each: with a JWT of 1,200 bytes that is three quarters of all
** the work it does for a call. Only the request target it adds as it stands.
** So the target carries the headers as well; libcurl goes on behind it with
** " HTTP/1.1" and the line's end, and that becomes the value of a last header:
**
**   GET /v1/rooms HTTP/1.1
**   Accept: application/json
**   Authorization: Bearer ...
**   X-Sent-As: HTTP/1.1
**   Host: opentalk.example.org
**
** HTTP/2 is made from the same text and sees the same headers. None of the
** bytes can be a line's end that is not ours: URL, headers and token were
** checked when they came in. */
#ifndef SALON_TARGET_H
#define SALON_TARGET_H

#include <stdbool.h>

#include "exchange.h"

/* Is it known how the libcurl at hand treats this? Others get a list. */
bool salon_target_is_copied(void);

/* Replaces what is in `text`, ends it with NUL. `rest` is the URL behind its
** origin. False: no memory. */
bool salon_target_write(salon_Bytes *text, const salon_Exchange *x,
                        const char *rest);

#endif
