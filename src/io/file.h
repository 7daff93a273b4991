/* A body that streams: bytes to send, from the disk or from memory, or bytes
** that go to the disk. Counted references: its maker holds one, the exchange
** that it belongs to another.
**
** The caller's thread opens it and, between two exchanges, looks at it; while
** one is under way the I/O thread alone touches it, but for `done` and `total`.
** Several exchanges may go on with one file, never two at a time.
**
** Not to break: what comes by Range is added only to bytes of the same file, as
** far as the server tells; else the file begins anew. */
#ifndef SALON_FILE_H
#define SALON_FILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "curlcompat.h"

struct salon_Exchange;

typedef struct salon_File {
  atomic_int refs;
  int fd;              /* owned; -1 = the bytes are in `text` */
  char *text;          /* owned; overwritten on release */
  char *name;          /* owned: its path, for messages; "" = none */
  off_t size;          /* to send: promised as Content-Length; of a response:
                        ** the whole, < 0 = unknown */
  off_t at;            /* bytes read, or written, so far */
  off_t from;          /* where the response asked for begins */
  bool begun;          /* the head of this response was looked at */
  bool anew;           /* nothing of it is of use: the next try begins at 0 */
  const char *fault;   /* what is wrong with it; NULL = nothing */
  int error;           /* errno to go with it; 0 = none */
  const char *refusal; /* what is wrong with the response; NULL = nothing */
  char *tag;           /* owned: ETag, else Last-Modified, of what is there */
  atomic_llong done;   /* as `at`, for those who wait */
  atomic_llong total;  /* < 0 = unknown */
  struct curl_slist range; /* a header that asks for the rest */
  char range_line[48];
} salon_File;

/* Take over `fd`, also when there is no memory (NULL); a sink may get its later. */
salon_File *salon_file_source(int fd, off_t size, const char *name);
salon_File *salon_file_sink(int fd, off_t at, const char *name);

/* Copies the bytes. */
salon_File *salon_file_text(const char *bytes, size_t len);

salon_File *salon_file_ref(salon_File *f);
void salon_file_unref(salon_File *f);

/* ---- to send ---- */

/* < 0: it cannot be read any more, or is another than promised (`fault`). */
ssize_t salon_file_read(salon_File *f, char *to, size_t len);

/* Goes to byte `at`. */
void salon_file_seek(salon_File *f, off_t at);

/* ---- to receive ---- */

/* Before a try: what is there stays, and the rest is asked for. Returns the
** header for that, in front of `next`, or `next`. */
struct curl_slist *salon_file_ask(salon_File *f, struct curl_slist *next);

/* Looks at the head of a good response. False: its body is not taken
** (`anew`, `refusal` or `fault`). */
bool salon_file_begin(salon_File *f, const struct salon_Exchange *x);

/* False: it cannot be written (`fault`). */
bool salon_file_write(salon_File *f, const char *data, size_t len);

/* Nothing of what is there is of use. */
void salon_file_start_anew(salon_File *f);

#endif
