/* See link.h. Walks the text once, left to right, and allocates nothing. The
** text is the server's: every loop moves on by a byte at least, so that no
** input can hold it up, and nothing is read at or after `end`. */
#include "link.h"

#include <string.h>

#include "text.h"

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static void skip_blanks(salon_Link *link) {
  while (link->rest < link->end && is_blank(*link->rest)) link->rest++;
}

static bool at(const salon_Link *link, char c) {
  return link->rest < link->end && *link->rest == c;
}

/* Moves to the first of `stops`, or to the end. */
static void skip_to(salon_Link *link, const char *stops) {
  size_t n = strlen(stops);
  while (link->rest < link->end && memchr(stops, *link->rest, n) == NULL)
    link->rest++;
}

/* Reads a value up to the closing `quote`, or to the end without one. */
static void read_quoted(salon_Link *link, char quote, const char **value,
                        const char **value_end) {
  *value = ++link->rest;
  while (link->rest < link->end && *link->rest != quote) {
    if (*link->rest == '\\' && link->rest + 1 < link->end) link->rest++;
    link->rest++;
  }
  *value_end = link->rest;
  if (link->rest < link->end) link->rest++;
}

/* An apostrophe is a legal first letter: without a second one it quotes
** nothing. */
static bool at_quote(const salon_Link *link) {
  return at(link, '"') ||
         (at(link, '\'') &&
          memchr(link->rest + 1, '\'', (size_t)(link->end - link->rest) - 1) !=
            NULL);
}

static void read_value(salon_Link *link, const char **value,
                       const char **value_end) {
  skip_blanks(link);
  if (at_quote(link)) {
    read_quoted(link, *link->rest, value, value_end);
  } else {
    *value = link->rest;
    skip_to(link, ";, \t");
    *value_end = link->rest;
  }
}

/* Reads one ";name=value"; keeps it if it is the link's first rel. */
static void read_parameter(salon_Link *link) {
  const char *value, *value_end;
  link->rest++; /* the ";" */
  skip_blanks(link);
  const char *name = link->rest;
  skip_to(link, "=;, \t");
  const char *name_end = link->rest;
  skip_blanks(link);
  if (!at(link, '=')) return;
  link->rest++;
  read_value(link, &value, &value_end);
  if (link->rels == NULL && name_end - name == 3 &&
      salon_equals(name, "rel", 3)) {
    link->rels = value;
    link->rels_end = value_end;
  }
}

/* Reads the next <target> with its parameters; false when there is none. */
static bool read_link(salon_Link *link) {
  link->rels = link->rels_end = NULL;
  skip_to(link, "<");
  if (link->rest == link->end) return false;
  link->target = ++link->rest;
  skip_to(link, ">");
  if (link->rest == link->end) return false;
  link->target_len = (size_t)(link->rest - link->target);
  link->rest++;
  for (;;) {
    skip_to(link, ";,");
    if (!at(link, ';')) return true;
    read_parameter(link);
  }
}

/* Takes the next word off the relations; false when there is none. */
static bool next_rel(salon_Link *link) {
  if (link->rels == NULL) return false;
  while (link->rels < link->rels_end && is_blank(*link->rels)) link->rels++;
  link->rel = link->rels;
  while (link->rels < link->rels_end && !is_blank(*link->rels)) link->rels++;
  link->rel_len = (size_t)(link->rels - link->rel);
  return link->rel_len > 0;
}

void salon_link_begin(salon_Link *link, const char *text, size_t len) {
  memset(link, 0, sizeof(*link));
  link->rest = text;
  link->end = text + len;
}

bool salon_link_next(salon_Link *link) {
  while (!next_rel(link))
    if (!read_link(link)) return false;
  return true;
}
