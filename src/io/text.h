/* What the locale of the process must not decide: texts for messages, which people
** search for and by which Lua finds hints; and letters. */
#ifndef SALON_TEXT_H
#define SALON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* strerror in English; good until this thread's next call. */
const char *salon_text_of_error(int error);

/* "0.5", "60": to the millisecond. */
void salon_text_of_seconds(double seconds, char *out, size_t size);

/* ASCII only, whatever the locale says. */
static inline char salon_lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The same n bytes, but for their case? Without libcurl's curl_strnequal, which looks
** at the byte after them as well. */
static inline bool salon_equals(const char *a, const char *b, size_t n) {
  while (n > 0 && salon_lower(*a) == salon_lower(*b)) a++, b++, n--;
  return n == 0;
}

/* The value of a hexadecimal digit, or -1. */
static inline int salon_hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = salon_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
