/* What target.c and headers.c promise, by name. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "curlcompat.h"
#include "headers.h"
#include "target.h"

#define PATH "/v1/rooms?per_page=100"

static salon_Headers *headers_of(const char *const *lines) {
  salon_Headers *h = salon_headers_new();
  assert_non_null(h);
  for (; *lines != NULL; lines++) assert_true(salon_headers_add(h, *lines));
  return h;
}

static salon_Exchange *call(salon_Headers *h, const char *token) {
  salon_Config *config = salon_config_new();
  salon_Exchange *x = salon_exchange_new(
    config, "GET", "https://opentalk.example.org" PATH, h, NULL, 0);
  assert_non_null(x);
  salon_headers_unref(h);
  salon_config_unref(config);
  if (token != NULL)
    assert_true(salon_exchange_authorize(x, token, strlen(token)));
  return x;
}

static void assert_target(const salon_Exchange *x, salon_Bytes *text,
                          const char *wanted) {
  assert_true(salon_target_write(text, x, PATH));
  assert_int_equal(text->len, strlen(wanted) + 1);
  assert_string_equal(text->data, wanted);
}

static void carries_the_headers_and_the_token(void **state) {
  (void)state;
  static const char *const lines[] = {"Accept: application/json", "X-A: b",
                                      NULL};
  salon_Exchange *x = call(headers_of(lines), "secret");
  salon_Bytes text = {0};
  assert_target(x, &text,
                PATH " HTTP/1.1\r\n"
                     "Accept: application/json\r\n"
                     "X-A: b\r\n"
                     "Authorization: Bearer secret\r\n"
                     "X-Sent-As:");
  salon_exchange_unref(x);
  free(text.data);
}

static void replaces_what_was_there(void **state) {
  (void)state;
  static const char *const lines[] = {"X-Long: a long value of before", NULL};
  static const char *const none[] = {NULL};
  salon_Exchange *before = call(headers_of(lines), "secret");
  salon_Exchange *after = call(headers_of(none), NULL);
  salon_Bytes text = {0};
  assert_true(salon_target_write(&text, before, PATH));
  assert_target(after, &text, PATH " HTTP/1.1\r\nX-Sent-As:");
  salon_exchange_unref(before);
  salon_exchange_unref(after);
  free(text.data);
}

static void keeps_libcurl_from_sending_its_own(void **state) {
  (void)state;
  static const char *const lines[] = {"accept: text/plain",
                                      "Expect:", "User-Agent: me", NULL};
  salon_Headers *h = headers_of(lines);
  assert_string_equal(h->known->data, "accept:");
  assert_string_equal(h->known->next->data, "Expect:");
  assert_null(h->known->next->next);
  assert_int_equal(h->block_len, strlen("accept: text/plain\r\n"
                                        "User-Agent: me\r\n"));
  salon_headers_unref(h);
}

static void leaves_to_libcurl_what_it_acts_on(void **state) {
  (void)state;
  static const char *const lines[] = {"Host: other.example",
                                      "transfer-encoding: chunked", NULL};
  salon_Headers *h = headers_of(lines);
  assert_string_equal(h->known->data, lines[0]);
  assert_string_equal(h->known->next->data, lines[1]);
  assert_int_equal(h->block_len, 0);
  salon_headers_unref(h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(carries_the_headers_and_the_token),
    cmocka_unit_test(replaces_what_was_there),
    cmocka_unit_test(keeps_libcurl_from_sending_its_own),
    cmocka_unit_test(leaves_to_libcurl_what_it_acts_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
