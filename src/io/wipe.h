/* Overwrites bytes that were secret. It covers our own copies: what libcurl and
** OpenSSL keep of a header is theirs. */
#ifndef SALON_WIPE_H
#define SALON_WIPE_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The compiler must not drop the memset of memory that dies next: the empty asm
** claims to read it. (explicit_bzero is not everywhere.) */
static inline void salon_wipe(void *bytes, size_t n) {
  if (n == 0) return;
  memset(bytes, 0, n);
  __asm__ volatile("" : : "r"(bytes) : "memory");
}

/* `bytes` may be NULL. */
static inline void salon_wipe_free(void *bytes, size_t n) {
  if (bytes != NULL) salon_wipe(bytes, n);
  free(bytes);
}

#endif
