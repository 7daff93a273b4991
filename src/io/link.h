/* Reads a Link header (RFC 8288), one relation at a time.
**
** Takes what servers send: no blank after the comma, several relations in one
** value, commas and semicolons inside <...>, single quotes, an empty value.
** What is garbled is passed over. Spans are borrowed from the text given. */
#ifndef SALON_LINK_H
#define SALON_LINK_H

#include <stdbool.h>
#include <stddef.h>

typedef struct salon_Link {
  const char *target; /* between < and >, as written */
  size_t target_len;
  const char *rel; /* one relation, as written; case does not matter */
  size_t rel_len;
  const char *rels; /* the reader's own: relations not yet handed out */
  const char *rels_end;
  const char *rest; /* the reader's own: links not yet read */
  const char *end;
} salon_Link;

void salon_link_begin(salon_Link *link, const char *text, size_t len);

/* Moves on to the next relation; false at the end. */
bool salon_link_next(salon_Link *link);

#endif
