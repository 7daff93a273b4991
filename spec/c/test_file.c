/* Bodies that stream from and to the disk: lengths, breaks at every byte, what a
** server may send instead of the rest, and what a disk may do. */

#include "calls.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"

enum { SIZE = 600 };

/* ---- the server ---- */

static char content[SIZE];  /* of the file that all paths give out */
static atomic_int cuts[4];  /* request N ends after so many bytes of its body */
static atomic_int asked_at; /* where the last request wanted it to begin */

static int range_of(const char *text) {
  const char *range = strstr(text, "Range: bytes=");
  return range == NULL ? 0 : atoi(range + strlen("Range: bytes="));
}

static bool is(const char *path, const char *name) {
  return strcmp(path, name) == 0;
}

static Response send_file(int n, const char *head, const char *body,
                          size_t len) {
  static char bytes[2048];
  size_t head_len = strlen(head), sent = len;
  int cut = n <= (int)COUNT(cuts) ? atomic_load(&cuts[n - 1]) : SIZE;
  if ((size_t)cut < sent) sent = (size_t)cut;
  memcpy(bytes, head, head_len);
  memcpy(bytes + head_len, body, sent);
  return (Response){bytes, head_len + sent,
                    sent < len ? THEN_CLOSE : THEN_KEEP};
}

static Response send_part(int n, const char *path, int from) {
  char head[256];
  int first = is(path, "/shifted") ? from + 1 : from;
  int whole = is(path, "/resized") ? SIZE + 1 : SIZE;
  int len = is(path, "/short") ? 200 : SIZE - from;
  snprintf(head, sizeof(head),
           "HTTP/1.1 206 Part\r\nContent-Length: %d\r\n%s"
           "Content-Range: bytes %d-%d/%d\r\n\r\n",
           len, is(path, "/changed") ? "ETag: \"b\"\r\n" : "", first,
           first + len - 1, whole);
  if (is(path, "/unnamed"))
    snprintf(head, sizeof(head),
             "HTTP/1.1 206 Part\r\nContent-Length: %d\r\n\r\n", SIZE - from);
  return send_file(n, head, content + from, (size_t)len);
}

static Response respond(void *user, int n, const char *path, const char *text) {
  char head[256];
  (void)user;
  int from = range_of(text);
  atomic_store(&asked_at, from);
  if (is(path, "/lost")) return (Response){"", 0, THEN_CLOSE};
  if (is(path, "/refused"))
    return (Response){"HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnone", 0,
                      THEN_KEEP};
  if (is(path, "/hang"))
    return (Response){"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 0,
                      THEN_HANG};
  if (is(path, "/empty"))
    return (Response){"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0,
                      THEN_KEEP};
  if (is(path, "/over") && from > 0)
    return (Response){"HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n", 0,
                      THEN_KEEP};
  if (is(path, "/unasked") || (from > 0 && !is(path, "/plain")))
    return send_part(n, path, from);
  snprintf(head, sizeof(head),
           "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nETag: \"%s\"\r\n%s\r\n",
           SIZE, is(path, "/changed") && n > 1 ? "b" : "a",
           is(path, "/packed") ? "Content-Encoding: gzip\r\n" : "");
  return send_file(n, head, content, SIZE);
}

/* ---- files ---- */

static Server *server; /* of each test */
static char path[64];  /* a file that each test may use */

static int setup_server(void **state) {
  int failed = setup(state);
  for (int i = 0; i < SIZE; i++) content[i] = (char)(33 + i * 31 % 94);
  for (size_t i = 0; i < COUNT(cuts); i++) atomic_store(&cuts[i], SIZE);
  config->retry_reserve = 1e6;
  strcpy(path, "/tmp/salon-file-XXXXXX");
  close(mkstemp(path));
  server = server_start(respond, NULL);
  return failed;
}

static int teardown_server(void **state) {
  server_stop(server);
  unlink(path);
  return teardown(state);
}

/* A server anew, as it counts its requests. */
static void cut_first(int at) {
  server_stop(server);
  server = server_start(respond, NULL);
  atomic_store(&cuts[0], at);
}

static void write_path(const char *bytes, size_t len) {
  FILE *f = fopen(path, "wb");
  assert_int_equal(fwrite(bytes, 1, len, f), len);
  fclose(f);
}

static void assert_path_holds(const char *bytes, size_t len) {
  char got[SIZE + 100];
  FILE *f = fopen(path, "rb");
  size_t n = fread(got, 1, sizeof(got), f);
  fclose(f);
  assert_int_equal(n, len);
  assert_memory_equal(got, bytes, len);
}

static salon_File *source(void) {
  struct stat st;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  assert_int_equal(fstat(fd, &st), 0);
  salon_File *f = salon_file_source(fd, st.st_size, path);
  assert_non_null(f);
  return f;
}

static salon_File *sink_at(off_t at) {
  salon_File *f = salon_file_sink(open(path, O_WRONLY | O_CLOEXEC), at, path);
  assert_non_null(f);
  return f;
}

static salon_File *sink(void) { return sink_at(0); }

static salon_Exchange *start(salon_Exchange *x) {
  x->deadline = salon_now() + 10;
  assert_true(salon_engine_submit(x, mailbox));
  return x;
}

static salon_Exchange *send_to(const char *at, salon_File *f) {
  salon_Exchange *x = make("POST", server_url(server, at), NULL);
  x->upload = f;
  return finish(start(x));
}

/* Another reference to the file is the test's, to be looked at and given back. */
static salon_Exchange *fetch(const char *at, salon_File *f) {
  salon_Exchange *x = make("GET", server_url(server, at), NULL);
  x->download = salon_file_ref(f);
  return finish(start(x));
}

static void fetch_all(const char *at, int requests) {
  salon_File *f = sink();
  salon_Exchange *x = fetch(at, f);
  if (x->kind != SALON_OK) fail_msg("%s: %s", at, x->message);
  assert_int_equal(x->attempts, requests);
  assert_int_equal(atomic_load(&f->done), SIZE);
  assert_int_equal(atomic_load(&f->total), SIZE);
  end(x);
  salon_file_unref(f);
  assert_path_holds(content, SIZE);
}

/* ---- to send ---- */

static void a_file_is_sent_with_its_exact_length(void **state) {
  (void)state;
  write_path(content, SIZE);
  salon_File *f = salon_file_ref(source());
  salon_Exchange *x = send_to("/", f);
  char *text = server_last(server);
  assert_int_equal(x->status, 200);
  assert_non_null(strstr(text, "\r\nContent-Length: 600\r\n"));
  assert_null(strstr(text, "chunked"));
  assert_memory_equal(strstr(text, "\r\n\r\n") + 4, content, SIZE);
  assert_int_equal(atomic_load(&f->done), SIZE);
  free(text);
  end(x);
  salon_file_unref(f);
}

static void bytes_in_memory_are_sent_like_a_file(void **state) {
  (void)state;
  salon_Exchange *x = send_to("/", salon_file_text("abc", 3));
  char *text = server_last(server);
  assert_string_equal(strstr(text, "\r\n\r\n") + 4, "abc");
  free(text);
  end(x);
  x = send_to("/", salon_file_text("", 0));
  text = server_last(server);
  assert_non_null(strstr(text, "\r\nContent-Length: 0\r\n"));
  free(text);
  end(x);
}

static void a_file_is_not_sent_again(void **state) {
  (void)state;
  write_path(content, SIZE);
  salon_Exchange *x = send_to("/lost", source());
  assert_failed(x, SALON_NETWORK, SALON_UNKNOWN, 1);
  assert_int_equal(server_requests(server), 1);
  assert_false(x->retryable);
  end(x);
}

static void assert_not_sent(salon_File *f, const char *why) {
  salon_Exchange *x = send_to("/", f);
  assert_failed(x, SALON_FILE, SALON_UNKNOWN, 1);
  assert_says(x, why);
  assert_false(x->retryable);
  assert_int_equal(server_requests(server), 0);
  end(x);
}

static void a_file_of_another_length_than_promised_is_not_sent(void **state) {
  (void)state;
  write_path(content, SIZE);
  salon_File *f = source();
  assert_int_equal(truncate(path, SIZE / 2), 0);
  assert_not_sent(f, "became shorter while it was sent: /tmp/salon-file-");
  write_path(content, SIZE / 2);
  f = source();
  write_path(content, SIZE);
  assert_not_sent(f, "became longer while it was sent: /tmp/salon-file-");
}

static void a_file_that_cannot_be_read_is_named(void **state) {
  (void)state;
  int fd = open("/tmp", O_RDONLY | O_CLOEXEC); /* reading it is EISDIR */
  assert_not_sent(salon_file_source(fd, 10, "/tmp/x"),
                  "the file cannot be read: Is a directory: /tmp/x");
}

/* ---- to receive ---- */

static void a_download_that_breaks_goes_on_at_every_byte(void **state) {
  (void)state;
  for (int at = 0; at < SIZE; at++) {
    cut_first(at);
    fetch_all("/ranged", 2);
    assert_int_equal(atomic_load(&asked_at), at);
  }
}

static void a_download_may_break_several_times(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) atomic_store(&cuts[i], 100);
  fetch_all("/ranged", 4);
  assert_int_equal(atomic_load(&asked_at), 300);
}

static void what_is_no_rest_of_the_same_file_is_not_added(void **state) {
  static const struct {
    const char *at;
    int requests;
  } rows[] = {{"/plain", 2},   /* the whole instead of the rest */
              {"/changed", 3}, /* another ETag */
              {"/resized", 3}, /* another length */
              {"/shifted", 3}, /* another beginning */
              {"/unnamed", 3}, /* no beginning at all */
              {"/over", 3}};   /* 416: shorter than what has come of it */
  (void)state;
  for (size_t i = 0; i < COUNT(rows); i++) {
    cut_first(200);
    fetch_all(rows[i].at, rows[i].requests);
  }
}

static void a_part_may_be_followed_by_others(void **state) {
  (void)state;
  atomic_store(&cuts[0], 200);
  fetch_all("/short", 3);
  assert_int_equal(atomic_load(&asked_at), 400);
}

static void a_file_that_is_there_in_part_is_gone_on_with(void **state) {
  (void)state;
  write_path(content, 250);
  salon_File *f = sink_at(250);
  salon_Exchange *x = fetch("/ranged", f);
  assert_int_equal(x->status, 206);
  assert_int_equal(atomic_load(&asked_at), 250);
  end(x);
  salon_file_unref(f);
  assert_path_holds(content, SIZE);
}

static void a_part_that_nobody_asked_for_is_refused(void **state) {
  (void)state;
  salon_File *f = sink();
  salon_Exchange *x = fetch("/unasked", f);
  assert_failed(x, SALON_DECODE, SALON_DONE, 1);
  assert_says(x, "nobody had asked for");
  end(x);
  salon_file_unref(f);
  assert_path_holds("", 0);
}

static void a_file_that_comes_packed_is_refused(void **state) {
  (void)state;
  salon_File *f = sink();
  salon_Exchange *x = fetch("/packed", f);
  assert_failed(x, SALON_DECODE, SALON_DONE, 1);
  assert_says(x, "compressed the file, unasked");
  end(x);
  salon_file_unref(f);
  assert_path_holds("", 0);
}

static void a_refusal_does_not_go_to_the_file(void **state) {
  (void)state;
  write_path(content, 250);
  salon_File *f = sink_at(250);
  salon_Exchange *x = fetch("/refused", f);
  assert_int_equal(x->status, 404);
  assert_memory_equal(x->content.data, "none", 4);
  end(x);
  salon_file_unref(f);
  assert_path_holds(content, 250);
}

static void an_empty_file_is_one(void **state) {
  (void)state;
  write_path("old", 3);
  salon_File *f = sink_at(3);
  salon_Exchange *x = fetch("/empty", f);
  assert_int_equal(x->kind, SALON_OK);
  assert_int_equal(atomic_load(&f->total), 0);
  end(x);
  salon_file_unref(f);
  assert_path_holds("", 0);
}

static void a_file_may_be_longer_than_the_ceiling_of_bodies(void **state) {
  (void)state;
  config->max_body = 100;
  fetch_all("/ranged", 1);
}

static void whoever_waits_may_take_over_after_a_break(void **state) {
  (void)state;
  for (int at = 0; at < 2; at++) { /* nothing has come: nothing to take over */
    cut_first(at);
    salon_File *f = sink();
    salon_Exchange *x = make("GET", server_url(server, "/ranged"), NULL);
    x->download = salon_file_ref(f);
    x->hands_over = true;
    finish(start(x));
    assert_int_equal(x->attempts, at == 0 ? 2 : 1);
    assert_int_equal(x->kind, at == 0 ? SALON_OK : SALON_NETWORK);
    assert_int_equal(atomic_load(&f->done), at == 0 ? SIZE : 1);
    end(x);
    salon_file_unref(f);
  }
}

static void a_full_disk_is_named(void **state) {
  (void)state;
  int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (fd < 0) skip(); /* only Linux has one */
  salon_File *f = salon_file_sink(fd, 0, "/full/x");
  salon_Exchange *x = fetch("/ranged", f);
  assert_failed(x, SALON_FILE, SALON_DONE, 1);
  assert_says(x, "cannot be written: No space left on device: /full/x");
  assert_false(x->retryable);
  end(x);
  salon_file_unref(f);
}

/* The teardown counts descriptors; here the exchange is still there. */
static void a_call_that_has_ended_holds_no_file(void **state) {
  (void)state;
  int before = descriptors();
  salon_File *f = sink();
  salon_Exchange *x = make("GET", server_url(server, "/hang"), NULL);
  x->download = f;
  start(x);
  server_await(server, 1);
  salon_engine_cancel(x);
  finish(x);
  assert_failed(x, SALON_CANCELLED, x->outcome, 1);
  salon_engine_stop();
  assert_int_equal(descriptors_left(before), 0);
  end(x);
}

static void
a_silent_server_is_given_up_on_by_the_calls_own_limit(void **state) {
  (void)state;
  salon_File *f = sink();
  salon_Exchange *x = make("GET", server_url(server, "/hang"), NULL);
  x->download = salon_file_ref(f);
  x->silence_timeout = 0.1;
  x->plan.max_tries = 1;
  double began = salon_now();
  start(x);
  while (atomic_load(&f->done) < 3) usleep(1000); /* seen from here meanwhile */
  finish(x);
  assert_failed(x, SALON_TIMEOUT, SALON_DONE, 1);
  assert_says(x, "the response stalled for 0.1 s (silence_timeout)");
  assert_true(salon_now() - began < 5);
  end(x);
  salon_file_unref(f);
}

#define SERVED(name)                                                           \
  cmocka_unit_test_setup_teardown(name, setup_server, teardown_server)

int main(void) {
  const struct CMUnitTest tests[] = {
    SERVED(a_file_is_sent_with_its_exact_length),
    SERVED(bytes_in_memory_are_sent_like_a_file),
    SERVED(a_file_is_not_sent_again),
    SERVED(a_file_of_another_length_than_promised_is_not_sent),
    SERVED(a_file_that_cannot_be_read_is_named),
    SERVED(a_download_that_breaks_goes_on_at_every_byte),
    SERVED(a_download_may_break_several_times),
    SERVED(what_is_no_rest_of_the_same_file_is_not_added),
    SERVED(a_part_may_be_followed_by_others),
    SERVED(a_file_that_is_there_in_part_is_gone_on_with),
    SERVED(a_part_that_nobody_asked_for_is_refused),
    SERVED(a_file_that_comes_packed_is_refused),
    SERVED(a_refusal_does_not_go_to_the_file),
    SERVED(an_empty_file_is_one),
    SERVED(a_file_may_be_longer_than_the_ceiling_of_bodies),
    SERVED(whoever_waits_may_take_over_after_a_break),
    SERVED(a_full_disk_is_named),
    SERVED(a_call_that_has_ended_holds_no_file),
    SERVED(a_silent_server_is_given_up_on_by_the_calls_own_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
