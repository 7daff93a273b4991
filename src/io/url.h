/* Reads and writes http(s) URLs, without Lua; of libcurl only its version counts.
**
** What is not clearly right is refused: user names, blanks, backslashes, other
** schemes, dot segments. Functions that can fail return NULL for success, else
** a static message that continues "the URL ..."; it never quotes the input,
** which may hold a secret. Spans are borrowed from the text given. */
#ifndef SALON_URL_H
#define SALON_URL_H

#include <stdbool.h>
#include <stddef.h>

typedef struct salon_Span {
  const char *s; /* borrowed; not terminated by NUL */
  size_t len;
} salon_Span;

typedef enum salon_Scheme {
  SALON_HTTP,
  SALON_HTTPS,
  SALON_SCHEMES
} salon_Scheme;

typedef struct salon_Url {
  salon_Scheme scheme;
  int port;         /* 1..65535, the scheme's own unless given */
  char host[256];   /* lower case; IPv6 in brackets, in its shortest form */
  bool loopback;    /* on this machine: localhost, 127/8, [::1]; *.localhost
                    ** where libcurl knows that by itself */
  char origin[280]; /* "https://host", and ":port" unless the default */
  salon_Span path;  /* as written: "" or "/..." */
  salon_Span query; /* as written, after the "?"; s is NULL without one */
} salon_Url;

/* A complete URL and what those ask who send a request there, so that it is
** taken apart only once. */
typedef struct salon_Target {
  const char *url;   /* borrowed; ends with NUL */
  size_t origin_len; /* of "https://host:port", with which it begins */
  salon_Scheme scheme;
  bool loopback;
} salon_Target;

const char *salon_url_scheme(salon_Scheme scheme); /* "http" or "https" */

/* Reads a complete URL; it may have a query, but no fragment. */
const char *salon_url_parse(const char *text, size_t len, salon_Url *out);

/* Reads a base URL: no query; `path` comes without slashes at its end. */
const char *salon_url_parse_base(const char *text, size_t len, salon_Url *out);

/* Reads a complete URL as far as a request needs it; borrows from `text`. */
const char *salon_url_target(const char *text, salon_Target *out);

/* One path segment as it stands: letters, digits, "_" and "-" only. */
bool salon_url_plain(salon_Span part);

/* Writes base + "/" + part + "/" + part ... + "?" + form(pairs). Each part
** becomes one path segment, whatever it holds; an empty one is good at the end
** only, where it gives the final slash. `*len` is the length; what exceeds
** `room` is not written all, and no NUL is added. */
const char *salon_url_build(const salon_Url *base, const salon_Span *parts,
                            size_t nparts, const salon_Span *pairs,
                            size_t npairs, char *out, size_t room, size_t *len);

/* Writes name=value&name=value; `n` counts spans, so it is even. With `out`
** NULL only measures. Returns the length; no NUL is added. */
size_t salon_url_form(const salon_Span *pairs, size_t n, char *out);

/* Finds the last parameter `name` in the query of `text`, which may be any
** reference, relative or to a foreign host. `value` is still encoded. */
bool salon_url_param(const char *text, size_t len, salon_Span name,
                     salon_Span *value);

/* Decodes a form value ("+" is a blank, a broken "%" stands for itself) into
** `out`, which has room for value.len bytes. Returns the length. */
size_t salon_url_decode(salon_Span value, char *out);

#endif
