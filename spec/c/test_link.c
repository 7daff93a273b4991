/* What link.c promises, by name; the headers of the first tests are as the
** OpenTalk controller sends them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/link.h"

/* All relations of `text` as "rel=target" lines, in order. */
static void assert_links(const char *text, const char *want) {
  char got[1024] = "";
  size_t n = 0;
  salon_Link link;
  salon_link_begin(&link, text, strlen(text));
  while (salon_link_next(&link))
    n += (size_t)snprintf(got + n, sizeof(got) - n, "%.*s=%.*s\n",
                          (int)link.rel_len, link.rel, (int)link.target_len,
                          link.target);
  if (strcmp(got, want) != 0)
    fail_msg("%s\nwanted:\n%sgot:\n%s", text, want, got);
}

static void reads_a_page_list_with_bare_commas(void **state) {
  (void)state;
  assert_links("<http://c.example/v1/rooms?per_page=30&page=1>; rel=\"first\","
               "<http://c.example/v1/rooms?per_page=30&page=2>; rel=\"prev\","
               "<http://c.example/v1/rooms?per_page=30&page=4>; rel=\"next\","
               "<http://c.example/v1/rooms?per_page=30&page=9>; rel=\"last\"",
               "first=http://c.example/v1/rooms?per_page=30&page=1\n"
               "prev=http://c.example/v1/rooms?per_page=30&page=2\n"
               "next=http://c.example/v1/rooms?per_page=30&page=4\n"
               "last=http://c.example/v1/rooms?per_page=30&page=9\n");
}

static void reads_a_cursor_link(void **state) {
  (void)state;
  assert_links("<https://c.example/v1/events?adhoc=false&after=EAAAMDQ_-oA>; "
               "rel=\"after\"",
               "after=https://c.example/v1/events?adhoc=false"
               "&after=EAAAMDQ_-oA\n");
}

static void finds_nothing_in_an_empty_value(void **state) {
  (void)state;
  assert_links("", "");
  assert_links(" ", "");
  assert_links(",, ,", "");
}

static void reads_the_documented_form_with_single_quotes(void **state) {
  (void)state;
  assert_links("<https://a/?page=2>; rel='next', <https://a/?page=3>; "
               "rel='last'",
               "next=https://a/?page=2\nlast=https://a/?page=3\n");
}

static void reads_a_rel_without_quotes(void **state) {
  (void)state;
  assert_links("</a>;rel=next,</b> ; rel = prev ,</c>;REL=Last",
               "next=/a\nprev=/b\nLast=/c\n");
}

static void hands_out_each_relation_of_one_link(void **state) {
  (void)state;
  assert_links("</a>; rel=\"next  last\", </b>; rel=\" prev \"",
               "next=/a\nlast=/a\nprev=/b\n");
}

static void keeps_commas_and_semicolons_of_a_target(void **state) {
  (void)state;
  assert_links("</a?x=1,2;rel=\"prev\",'>; rel=\"next\"",
               "next=/a?x=1,2;rel=\"prev\",'\n");
}

static void is_not_misled_by_quoted_parameters(void **state) {
  (void)state;
  assert_links("</a>; title=\"x, </evil>; rel=\\\"next\\\"\"; rel=\"prev\","
               "</b>; title=\"\\\\\"; rel=next",
               "prev=/a\nnext=/b\n");
}

static void counts_the_first_rel_only(void **state) {
  (void)state;
  assert_links("</a>; rel=\"next\"; rel=\"prev\"", "next=/a\n");
}

static void passes_over_links_without_a_rel(void **state) {
  (void)state;
  assert_links("</a>, </b>; title=\"x\", </c>; rel=\"\", </d>; rel, </e>;"
               "rel=, </f>; relation=next, </g>; rev=next, </h>; rel=next",
               "next=/h\n");
}

static void passes_over_what_is_garbled(void **state) {
  (void)state;
  assert_links("http://a; rel=next", "");
  assert_links("garbage, </a>; rel=next", "next=/a\n");
  assert_links("</a; rel=next", "");
  assert_links("</a>; rel=\"next", "next=/a\n");
  assert_links("</a>; ;;; = ; =x; rel=next;;", "next=/a\n");
  assert_links("</a> junk; rel=\"next\" junk, </b>; rel=prev",
               "next=/a\nprev=/b\n");
  assert_links("<>; rel=next", "next=\n");
  assert_links("</a>; rel=\"next\\", "next\\=/a\n");
}

static void takes_a_lone_apostrophe_for_a_letter(void **state) {
  (void)state;
  assert_links("</a>; title='tis; rel=next, </b>; rel=prev",
               "next=/a\nprev=/b\n");
  assert_links("</a>; title='", "");
}

static void reads_no_further_than_it_is_told(void **state) {
  salon_Link link;
  (void)state;
  salon_link_begin(&link, "</a>; rel=next</b>", 13);
  assert_true(salon_link_next(&link));
  assert_int_equal(link.rel_len, 3);
  assert_false(salon_link_next(&link));
  assert_false(salon_link_next(&link));
}

static uint32_t next_random(void) {
  static uint32_t x = 88172645u;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return x;
}

/* Spans must lie inside of the text, which the sanitizer fences, and there
** cannot be more relations than bytes. */
static void survives_any_text(void **state) {
  static const char letters[] = "<<>>;;,,\"\"''\\ \t==relnxt/\r\n\0";
  size_t seen = 0;
  (void)state;
  for (int i = 0; i < 200000; i++) {
    size_t len = next_random() % 64, count = 0;
    char *text = malloc(len + (len == 0));
    salon_Link link;
    for (size_t j = 0; j < len; j++)
      text[j] = letters[next_random() % sizeof(letters)];
    if (len > 24 && i % 2) memcpy(text + 2, "<a>; rel=\"", 10);
    salon_link_begin(&link, text, len);
    while (salon_link_next(&link)) {
      assert_true(link.target >= text && link.rel >= text);
      assert_true(link.target + link.target_len <= text + len);
      assert_true(link.rel + link.rel_len <= text + len);
      assert_true(link.rel_len > 0);
      assert_true(++count <= len);
    }
    seen += count;
    free(text);
  }
  assert_true(seen > 1000);
}

static void reads_a_megabyte_of_rubbish_at_once(void **state) {
  static const char *const rubbish[] = {
    "<", "<a>;", "<a>;b='", "<a>;b=\"\\", "<a>;rel='a ", "<a>;rel=b,"};
  const size_t size = 1 << 20;
  char *text = malloc(size);
  (void)state;
  for (size_t i = 0; i < sizeof(rubbish) / sizeof(*rubbish); i++) {
    size_t n = strlen(rubbish[i]), count = 0;
    salon_Link link;
    for (size_t j = 0; j < size; j++) text[j] = rubbish[i][j % n];
    salon_link_begin(&link, text, size);
    while (salon_link_next(&link)) count++;
    assert_true(count < size);
  }
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_a_page_list_with_bare_commas),
    cmocka_unit_test(reads_a_cursor_link),
    cmocka_unit_test(finds_nothing_in_an_empty_value),
    cmocka_unit_test(reads_the_documented_form_with_single_quotes),
    cmocka_unit_test(reads_a_rel_without_quotes),
    cmocka_unit_test(hands_out_each_relation_of_one_link),
    cmocka_unit_test(keeps_commas_and_semicolons_of_a_target),
    cmocka_unit_test(is_not_misled_by_quoted_parameters),
    cmocka_unit_test(counts_the_first_rel_only),
    cmocka_unit_test(passes_over_links_without_a_rel),
    cmocka_unit_test(passes_over_what_is_garbled),
    cmocka_unit_test(takes_a_lone_apostrophe_for_a_letter),
    cmocka_unit_test(reads_no_further_than_it_is_told),
    cmocka_unit_test(survives_any_text),
    cmocka_unit_test(reads_a_megabyte_of_rubbish_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
