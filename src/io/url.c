/* See url.h. Nothing is allocated: readers lend spans of their input, writers
** fill the caller's buffer and can be asked for its size first.
**
** Not to break: host, port and origin are what libcurl will make of the same
** text. A token goes to the origin that is read here; if libcurl read another
** one, a URL could be made that sends it elsewhere. */
#include "url.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "curlcompat.h"
#include "text.h"

/* <ctype.h> depends on the locale of the process. */
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_alnum(char c) {
  return is_digit(c) || (salon_lower(c) >= 'a' && salon_lower(c) <= 'z');
}

static bool is_control(char c) { return (unsigned char)c < 0x20 || c == 0x7F; }

/* Takes the piece before the first of `stops` off the front of `text`. */
static salon_Span cut(salon_Span *text, const char *stops) {
  size_t nstops = strlen(stops);
  salon_Span piece = {text->s, 0};
  while (piece.len < text->len &&
         memchr(stops, text->s[piece.len], nstops) == NULL)
    piece.len++;
  text->s += piece.len;
  text->len -= piece.len;
  return piece;
}

static bool starts(salon_Span text, const char *prefix) {
  size_t n = strlen(prefix);
  return text.len >= n && salon_equals(text.s, prefix, n);
}

static void skip(salon_Span *text, size_t n) {
  text->s += n;
  text->len -= n;
}

/* ---- decoding ---- */

/* Takes one byte, decoded as in a form, off a `text` that is not empty. */
static char next_byte(salon_Span *text) {
  char c = text->s[0];
  if (c == '%' && text->len > 2 && salon_hex_digit(text->s[1]) >= 0 &&
      salon_hex_digit(text->s[2]) >= 0) {
    c = (char)(salon_hex_digit(text->s[1]) * 16 + salon_hex_digit(text->s[2]));
    skip(text, 2);
  } else if (c == '+') {
    c = ' ';
  }
  skip(text, 1);
  return c;
}

static bool decodes_to(salon_Span text, salon_Span want) {
  for (; text.len > 0 && want.len > 0; skip(&want, 1))
    if (next_byte(&text) != want.s[0]) return false;
  return text.len == 0 && want.len == 0;
}

size_t salon_url_decode(salon_Span value, char *out) {
  size_t n = 0;
  while (value.len > 0) out[n++] = next_byte(&value);
  return n;
}

bool salon_url_param(const char *text, size_t len, salon_Span name,
                     salon_Span *value) {
  salon_Span rest = {text, len};
  bool found = false;
  cut(&rest, "?#");
  if (rest.len == 0 || rest.s[0] == '#') return false;
  do { /* `rest` is at a "?" or "&" */
    skip(&rest, 1);
    salon_Span pair = cut(&rest, "&#"), key = cut(&pair, "=");
    if (pair.len > 0) skip(&pair, 1);
    if (decodes_to(key, name)) {
      *value = pair;
      found = true;
    }
  } while (rest.len > 0 && rest.s[0] == '&');
  return found;
}

/* ---- parsing ---- */

/* libcurl keeps blanks and bytes above ASCII, browsers turn a backslash into
** a slash, servers cut at a NUL: no two readers would agree on such a URL. */
static const char *check_bytes(const char *s, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if (s[i] == ' ' || is_control(s[i]))
      return "must not hold blanks or control characters";
    if ((unsigned char)s[i] > 0x7F)
      return "must be ASCII (%XX in a path, the xn-- form of a host)";
    if (s[i] == '\\') return "must not hold a backslash";
    if (s[i] == '#') return "must not have a fragment (#)";
  }
  return NULL;
}

/* Servers and libcurl resolve dot segments, also encoded ones: the path that is
** checked would not be the one that is asked for. */
static const char *check_path(salon_Span path) {
  const salon_Span here = {".", 1}, up = {"..", 2};
  while (path.len > 0) {
    skip(&path, 1);
    salon_Span segment = cut(&path, "/");
    if (decodes_to(segment, here) || decodes_to(segment, up))
      return "must not have \".\" or \"..\" as a part of its path";
  }
  return NULL;
}

/* One spelling per address, so that origins can be compared as text. */
static const char *set_ipv6(salon_Span literal, salon_Url *out) {
  char text[INET6_ADDRSTRLEN] = "";
  struct in6_addr address;
  if (literal.len < sizeof(text)) memcpy(text, literal.s, literal.len);
  if (inet_pton(AF_INET6, text, &address) != 1)
    return "has no valid IPv6 address between [ and ]";
  inet_ntop(AF_INET6, &address, text, sizeof(text));
  snprintf(out->host, sizeof(out->host), "[%s]", text);
  return NULL;
}

/* Would libcurl take this name for an IPv4 address and respell it? It does so
** with "1", "0x7f.1", "0177.0.0.1"; no domain ends in a label like these. */
static bool is_odd_ipv4(const char *host) {
  struct in_addr address;
  size_t end = strlen(host);
  if (host[end - 1] == '.') end--;
  size_t start = end;
  while (start > 0 && host[start - 1] != '.') start--;
  if (strspn(host + start, "0123456789") < end - start &&
      strncmp(host + start, "0x", 2) != 0)
    return false;
  return inet_pton(AF_INET, host, &address) != 1;
}

static const char *set_name(salon_Span name, salon_Url *out) {
  if (name.len == 0) return "has no host";
  if (name.len > 253) return "has a host name that is too long";
  for (size_t i = 0; i < name.len; i++) {
    char c = name.s[i];
    if (c == '.' && (i == 0 || name.s[i - 1] == '.'))
      return "has a host name with an empty label";
    if (!is_alnum(c) && strchr("-._", c) == NULL)
      return "has a host name with characters that no host name has";
    out->host[i] = salon_lower(c);
  }
  out->host[name.len] = '\0';
  return is_odd_ipv4(out->host) ? "has an IPv4 address not in the form a.b.c.d"
                                : NULL;
}

static const char *set_port(salon_Span text, salon_Url *out) {
  int port = 0;
  for (size_t i = 0; i < text.len && port <= 65535; i++) {
    if (!is_digit(text.s[i])) return "has a port that is not a number";
    port = port * 10 + (text.s[i] - '0');
  }
  if (port < 1 || port > 65535) return "has a port outside of 1 to 65535";
  out->port = port;
  return NULL;
}

static const char *set_authority(salon_Span text, salon_Url *out) {
  const char *problem;
  if (memchr(text.s, '@', text.len) != NULL)
    return "must not hold a user name or password (@)";
  if (text.len > 0 && text.s[0] == '[') {
    skip(&text, 1);
    salon_Span literal = cut(&text, "]");
    if (text.len == 0) return "has a [ without its ]";
    skip(&text, 1);
    problem = set_ipv6(literal, out);
  } else {
    problem = set_name(cut(&text, ":"), out);
  }
  if (problem != NULL || text.len == 0) return problem;
  if (text.s[0] != ':') return "has characters after the ] of its host";
  skip(&text, 1);
  return set_port(text, out);
}

const char *salon_url_scheme(salon_Scheme scheme) {
  return scheme == SALON_HTTPS ? "https" : "http";
}

static void set_origin(salon_Url *out, int default_port) {
  int n = snprintf(out->origin, sizeof(out->origin), "%s://%s",
                   salon_url_scheme(out->scheme), out->host);
  if (out->port != default_port)
    snprintf(out->origin + n, sizeof(out->origin) - (size_t)n, ":%d",
             out->port);
}

/* An address, not a name such as 127.evil.example. */
static bool is_ipv4_loopback(const char *host) {
  struct in_addr address;
  return strncmp(host, "127.", 4) == 0 &&
         inet_pton(AF_INET, host, &address) == 1;
}

static bool is_loopback(const char *host) {
  static const char tail[] = ".localhost";
  size_t len = strlen(host);
  if (len >= sizeof(tail) && strcmp(host + len - (sizeof(tail) - 1), tail) == 0)
    return salon_curl_knows_localhost_names();
  return strcmp(host, tail + 1) == 0 || strcmp(host, "[::1]") == 0 ||
         is_ipv4_loopback(host);
}

const char *salon_url_parse(const char *text, size_t len, salon_Url *out) {
  salon_Span rest = {text, len};
  bool tls = starts(rest, "https://");
  int default_port = tls ? 443 : 80;
  const char *problem = check_bytes(text, len);
  if (problem != NULL) return problem;
  if (!tls && !starts(rest, "http://"))
    return "must start with http:// or https://";
  memset(out, 0, sizeof(*out));
  out->scheme = tls ? SALON_HTTPS : SALON_HTTP;
  out->port = default_port;
  skip(&rest, tls ? 8 : 7);
  problem = set_authority(cut(&rest, "/?"), out);
  if (problem != NULL) return problem;
  set_origin(out, default_port);
  out->loopback = is_loopback(out->host);
  out->path = cut(&rest, "?");
  if (rest.len > 0) {
    skip(&rest, 1);
    out->query = rest;
  }
  return check_path(out->path);
}

const char *salon_url_parse_base(const char *text, size_t len, salon_Url *out) {
  const char *problem = salon_url_parse(text, len, out);
  if (problem != NULL) return problem;
  if (out->query.s != NULL) return "must not have a query (?)";
  while (out->path.len > 0 && out->path.s[out->path.len - 1] == '/')
    out->path.len--;
  return NULL;
}

const char *salon_url_target(const char *text, salon_Target *out) {
  salon_Url url;
  const char *problem = salon_url_parse(text, strlen(text), &url);
  if (problem != NULL) return problem;
  *out = (salon_Target){text, (size_t)(url.path.s - text), url.scheme,
                        url.loopback};
  return NULL;
}

/* ---- writing ---- */

/* Measures and writes alike: `len` goes on beyond `room`, so that the caller
** learns how much is needed and asks again. */
typedef struct Writer {
  char *out; /* borrowed from the caller */
  size_t room;
  size_t len;
} Writer;

static void put(Writer *w, char c) {
  if (w->len < w->room) w->out[w->len] = c;
  w->len++;
}

static void put_text(Writer *w, const char *s, size_t len) {
  if (len > 0 && w->len + len <= w->room) memcpy(w->out + w->len, s, len);
  w->len += len;
}

/* Everything but RFC 3986's unreserved characters becomes %XX: right in every
** place, and understood alike by those who read "+" as a blank and others. */
static void put_encoded(Writer *w, salon_Span text) {
  static const char digits[] = "0123456789ABCDEF";
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.s[i];
    if (is_alnum((char)c) || (c != '\0' && strchr("-._~", c) != NULL)) {
      put(w, (char)c);
    } else {
      put(w, '%');
      put(w, digits[c >> 4]);
      put(w, digits[c & 15]);
    }
  }
}

static void put_pairs(Writer *w, const salon_Span *pairs, size_t n) {
  for (size_t i = 0; i + 1 < n; i += 2) {
    if (i > 0) put(w, '&');
    put_encoded(w, pairs[i]);
    put(w, '=');
    put_encoded(w, pairs[i + 1]);
  }
}

size_t salon_url_form(const salon_Span *pairs, size_t n, char *out) {
  Writer w = {out, out != NULL ? SIZE_MAX : 0, 0};
  put_pairs(&w, pairs, n);
  return w.len;
}

bool salon_url_plain(salon_Span part) {
  for (size_t i = 0; i < part.len; i++)
    if (!is_alnum(part.s[i]) && part.s[i] != '_' && part.s[i] != '-')
      return false;
  return part.len > 0;
}

/* Percent-encoding alone does not do: proxies and servers decode %2F and %2E
** before they route, and then an id has become a path. */
static const char *check_part(salon_Span part, bool last) {
  if (part.len == 0)
    return last ? NULL : "must not have an empty part in its path";
  if (part.s[0] == '.' &&
      (part.len == 1 || (part.len == 2 && part.s[1] == '.')))
    return "must not have \".\" or \"..\" as a part of its path";
  for (size_t i = 0; i < part.len; i++) {
    if (part.s[i] == '/' || part.s[i] == '\\')
      return "must not have a slash inside a part of its path";
    if (is_control(part.s[i]))
      return "must not have control characters in its path";
  }
  return NULL;
}

static const char *put_part(Writer *w, salon_Span part, bool last) {
  bool plain = salon_url_plain(part); /* as nearly all are */
  const char *problem = plain ? NULL : check_part(part, last);
  if (problem != NULL) return problem;
  put(w, '/');
  if (plain)
    put_text(w, part.s, part.len);
  else
    put_encoded(w, part);
  return NULL;
}

const char *salon_url_build(const salon_Url *base, const salon_Span *parts,
                            size_t nparts, const salon_Span *pairs,
                            size_t npairs, char *out, size_t room,
                            size_t *len) {
  Writer w = {out, room, 0};
  put_text(&w, base->origin, strlen(base->origin));
  put_text(&w, base->path.s, base->path.len);
  for (size_t i = 0; i < nparts; i++) {
    const char *problem = put_part(&w, parts[i], i + 1 == nparts);
    if (problem != NULL) return problem;
  }
  if (nparts == 0 && base->path.len == 0) put(&w, '/');
  if (npairs > 0) {
    put(&w, '?');
    put_pairs(&w, pairs, npairs);
  }
  *len = w.len;
  return NULL;
}
