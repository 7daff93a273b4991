/* See file.h. */
#include "file.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exchange.h"
#include "text.h"
#include "wipe.h"

static salon_File *file_new(int fd, off_t at, off_t size, const char *name) {
  salon_File *f = calloc(1, sizeof(*f));
  char *copy = strdup(name);
  if (f == NULL || copy == NULL) {
    free(f);
    free(copy);
    if (fd >= 0) close(fd);
    return NULL;
  }
  atomic_init(&f->refs, 1);
  f->fd = fd;
  f->name = copy;
  f->at = at;
  f->size = size;
  atomic_init(&f->done, (long long)at);
  atomic_init(&f->total, (long long)size);
  return f;
}

salon_File *salon_file_source(int fd, off_t size, const char *name) {
  return file_new(fd, 0, size, name);
}

salon_File *salon_file_sink(int fd, off_t at, const char *name) {
  return file_new(fd, at, -1, name);
}

salon_File *salon_file_text(const char *bytes, size_t len) {
  salon_File *f = file_new(-1, 0, (off_t)len, "");
  if (f == NULL) return NULL;
  f->text = malloc(len + 1); /* never malloc(0), which may be NULL */
  if (f->text == NULL) {
    salon_file_unref(f);
    return NULL;
  }
  memcpy(f->text, bytes, len);
  return f;
}

salon_File *salon_file_ref(salon_File *f) {
  atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
  return f;
}

void salon_file_unref(salon_File *f) {
  if (f == NULL) return;
  if (atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) != 1) return;
  if (f->fd >= 0) close(f->fd);
  salon_wipe_free(f->text, (size_t)f->size);
  free(f->name);
  free(f->tag);
  free(f);
}

static void move_to(salon_File *f, off_t at) {
  f->at = at;
  atomic_store_explicit(&f->done, (long long)at, memory_order_relaxed);
}

static void set_size(salon_File *f, off_t size) {
  f->size = size;
  atomic_store_explicit(&f->total, (long long)size, memory_order_relaxed);
}

static bool blame(salon_File *f, const char *fault, int error) {
  f->fault = fault;
  f->error = error;
  return false;
}

/* ---- to send ---- */

void salon_file_seek(salon_File *f, off_t at) {
  f->fault = NULL;
  move_to(f, at);
}

/* Whoever writes to a file while it is sent gets neither half of it sent: a
** length that was promised cannot be taken back. */
static bool has_grown(const salon_File *f) {
  struct stat st;
  return fstat(f->fd, &st) == 0 && st.st_size > f->size;
}

static ssize_t read_bytes(const salon_File *f, char *to, size_t len) {
  if (f->fd < 0) {
    memcpy(to, f->text + f->at, len);
    return (ssize_t)len;
  }
  ssize_t got;
  do {
    got = pread(f->fd, to, len, f->at);
  } while (got < 0 && errno == EINTR);
  return got;
}

ssize_t salon_file_read(salon_File *f, char *to, size_t len) {
  off_t left = f->size - f->at;
  if ((off_t)len > left) len = (size_t)left;
  if (len == 0) return 0;
  ssize_t got = read_bytes(f, to, len);
  if (got < 0)
    blame(f, "the file cannot be read", errno);
  else if (got == 0)
    blame(f, "the file became shorter while it was sent", 0);
  else if (got == left && f->fd >= 0 && has_grown(f))
    blame(f, "the file became longer while it was sent", 0);
  if (f->fault != NULL) return -1;
  move_to(f, f->at + got);
  return got;
}

/* ---- to receive ---- */

static bool truncate_to_nothing(salon_File *f) {
  if (f->at > 0 && ftruncate(f->fd, 0) != 0)
    return blame(f, "the file cannot be written", errno);
  move_to(f, 0);
  return true;
}

void salon_file_start_anew(salon_File *f) {
  f->anew = true;
  free(f->tag);
  f->tag = NULL;
  set_size(f, -1);
  (void)truncate_to_nothing(f);
}

struct curl_slist *salon_file_ask(salon_File *f, struct curl_slist *next) {
  f->begun = f->anew = false;
  f->fault = f->refusal = NULL;
  f->error = 0;
  f->from = f->at;
  if (f->from == 0) return next;
  snprintf(f->range_line, sizeof(f->range_line), "Range: bytes=%lld-",
           (long long)f->from);
  f->range = (struct curl_slist){.data = f->range_line, .next = next};
  return &f->range;
}

/* The digits at `*s`; < 0: there are none, or too many. Moves past them. */
static off_t read_number(const char **s, const char *end) {
  int64_t n = 0;
  const char *start = *s;
  for (; *s < end && **s >= '0' && **s <= '9'; ++*s) {
    if (n > (INT64_MAX - 9) / 10) return -1;
    n = n * 10 + (**s - '0');
  }
  return *s == start || (int64_t)(off_t)n != n ? -1 : (off_t)n;
}

/* "bytes FIRST-LAST/WHOLE"; where the whole is "*", it goes to LAST. */
static bool read_content_range(const salon_Exchange *x, off_t *first,
                               off_t *whole) {
  static const char unit[] = "bytes ";
  size_t at = 0, len, n = sizeof(unit) - 1;
  const char *s = salon_exchange_header(x, "Content-Range", &at, &len);
  if (s == NULL || len < n || !salon_equals(s, unit, n)) return false;
  const char *end = s + len;
  s += n;
  *first = read_number(&s, end);
  if (*first < 0 || s == end || *s++ != '-') return false;
  off_t last = read_number(&s, end);
  if (last < *first || s == end || *s++ != '/') return false;
  *whole = s + 1 == end && *s == '*' ? last + 1 : read_number(&s, end);
  return *whole >= 0;
}

static const char *tag_of(const salon_Exchange *x, size_t *len) {
  size_t at = 0;
  const char *tag = salon_exchange_header(x, "ETag", &at, len);
  at = 0;
  return tag != NULL ? tag
                     : salon_exchange_header(x, "Last-Modified", &at, len);
}

/* Is it what the bytes that are there belong to? What one of the two does not
** tell counts for yes: not every server tells. */
static bool is_same_file(const salon_File *f, const salon_Exchange *x,
                         off_t whole) {
  size_t len;
  const char *tag = tag_of(x, &len);
  if (f->size >= 0 && whole >= 0 && f->size != whole) return false;
  return tag == NULL || f->tag == NULL ||
         (strlen(f->tag) == len && memcmp(f->tag, tag, len) == 0);
}

static off_t content_length(const salon_Exchange *x) {
  size_t at = 0, len;
  const char *s = salon_exchange_header(x, "Content-Length", &at, &len);
  return s == NULL ? -1 : read_number(&s, s + len);
}

static void note(salon_File *f, const salon_Exchange *x, off_t size) {
  size_t len;
  const char *tag = tag_of(x, &len);
  if (size >= 0) set_size(f, size);
  if (f->tag != NULL || tag == NULL) return;
  f->tag = malloc(len + 1); /* without memory it goes by the length alone */
  if (f->tag == NULL) return;
  memcpy(f->tag, tag, len);
  f->tag[len] = '\0';
}

static bool begin_part(salon_File *f, const salon_Exchange *x) {
  off_t first, whole;
  if (f->from == 0) {
    f->refusal = "the server sent a part that nobody had asked for";
    return false;
  }
  if (read_content_range(x, &first, &whole) && first == f->from &&
      is_same_file(f, x, whole)) {
    note(f, x, whole);
    return true;
  }
  f->refusal = "the rest that the server sent belongs to another file";
  salon_file_start_anew(f);
  return false;
}

bool salon_file_begin(salon_File *f, const salon_Exchange *x) {
  f->begun = true;
  if (salon_exchange_is_encoded(x)) {
    f->refusal = "the server compressed the file, unasked";
    return false;
  }
  if (x->status == 206) return begin_part(f, x);
  if (x->status != 200) { /* "nothing" or "not yet" is no file */
    f->refusal = "the server sent no file";
    return false;
  }
  free(f->tag);
  f->tag = NULL;
  set_size(f, -1);
  if (!truncate_to_nothing(f)) return false;
  note(f, x, content_length(x));
  return true;
}

bool salon_file_write(salon_File *f, const char *data, size_t len) {
  if (f->size >= 0 && (off_t)len > f->size - f->at) {
    f->refusal = "the server sent more than it had said";
    salon_file_start_anew(f);
    return false;
  }
  while (len > 0) {
    ssize_t n = pwrite(f->fd, data, len, f->at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      return blame(f, "the file cannot be written", n < 0 ? errno : ENOSPC);
    move_to(f, f->at + n);
    data += n;
    len -= (size_t)n;
  }
  return true;
}
