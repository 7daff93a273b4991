/* Texts for messages, the same in every locale of the process: people search for them,
** and Lua finds hints by them. */
#ifndef SALON_TEXT_H
#define SALON_TEXT_H

#include <stddef.h>

/* strerror in English; good until this thread's next call. */
const char *salon_text_of_error(int error);

/* "0.5", "60": to the millisecond. */
void salon_text_of_seconds(double seconds, char *out, size_t size);

#endif
