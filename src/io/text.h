/* What the locale of the process must not decide: texts for messages, which people
** search for and by which Lua finds hints; and letters. */
#ifndef SALON_TEXT_H
#define SALON_TEXT_H

#include <stddef.h>

/* strerror in English; good until this thread's next call. */
const char *salon_text_of_error(int error);

/* "0.5", "60": to the millisecond. */
void salon_text_of_seconds(double seconds, char *out, size_t size);

/* ASCII only, whatever the locale says. */
static inline char salon_lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The value of a hexadecimal digit, or -1. */
static inline int salon_hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = salon_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
