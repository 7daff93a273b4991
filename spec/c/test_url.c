/* What url.c promises, by name.  The fuzz loops at the end are for the
** sanitizers: buffers there are exactly as large as they need to be. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/curlcompat.h"
#include "io/url.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* In place of libcurl's own. */
static curl_version_info_data library = {.version_num = 0x080000};

curl_version_info_data *curl_version_info(CURLversion stamp) {
  (void)stamp;
  return &library;
}

static salon_Span span(const char *s) { return (salon_Span){s, strlen(s)}; }

static salon_Url good(const char *text) {
  salon_Url url;
  const char *problem = salon_url_parse(text, strlen(text), &url);
  if (problem != NULL) fail_msg("%s: the URL %s", text, problem);
  return url;
}

static salon_Url good_base(const char *text) {
  salon_Url url;
  const char *problem = salon_url_parse_base(text, strlen(text), &url);
  if (problem != NULL) fail_msg("%s: the URL %s", text, problem);
  return url;
}

static void assert_refused(const char *text, const char *why) {
  salon_Url url;
  const char *problem = salon_url_parse_base(text, strlen(text), &url);
  if (problem == NULL || strstr(problem, why) == NULL)
    fail_msg("%s: wanted \"%s\", got \"%s\"", text, why,
             problem != NULL ? problem : "no problem");
}

static void assert_span(salon_Span got, const char *want) {
  assert_int_equal(got.len, strlen(want));
  assert_memory_equal(got.s, want, got.len);
}

/* ---- parsing ---- */

static void reads_scheme_host_port_path_and_origin(void **state) {
  salon_Url url = good_base("https://meet.example.org:8443/api/v1");
  (void)state;
  assert_int_equal(url.scheme, SALON_HTTPS);
  assert_string_equal(url.host, "meet.example.org");
  assert_int_equal(url.port, 8443);
  assert_string_equal(url.origin, "https://meet.example.org:8443");
  assert_span(url.path, "/api/v1");
  assert_null(url.query.s);
}

static void lowers_scheme_and_host_but_not_the_path(void **state) {
  salon_Url url = good_base("HTTPS://Meet.EXAMPLE.org/API");
  (void)state;
  assert_string_equal(url.origin, "https://meet.example.org");
  assert_span(url.path, "/API");
}

static void leaves_the_default_port_out_of_the_origin(void **state) {
  (void)state;
  assert_string_equal(good("https://a:443/").origin, "https://a");
  assert_string_equal(good("http://a:80").origin, "http://a");
  assert_string_equal(good("http://a:0080").origin, "http://a");
  assert_string_equal(good("http://a:443").origin, "http://a:443");
  assert_int_equal(good("https://a").port, 443);
  assert_int_equal(good("http://a").port, 80);
  assert_int_equal(good("http://a:65535").port, 65535);
}

static void drops_the_slashes_at_the_end_of_a_base(void **state) {
  (void)state;
  assert_span(good_base("https://a").path, "");
  assert_span(good_base("https://a/").path, "");
  assert_span(good_base("https://a///").path, "");
  assert_span(good_base("https://a/b/c//").path, "/b/c");
}

static void reads_a_complete_url_with_its_query(void **state) {
  salon_Url url = good("http://a/rooms/?page=2&x=?/");
  (void)state;
  assert_span(url.path, "/rooms/");
  assert_span(url.query, "page=2&x=?/");
  assert_span(good("http://a?").query, "");
  assert_non_null(good("http://a?").query.s);
  assert_string_equal(good("http://a?b@c:1/").origin, "http://a");
}

static void gives_every_ipv6_address_one_spelling(void **state) {
  salon_Url url = good("http://[2001:DB8:0:0::1]:8080/x");
  (void)state;
  assert_string_equal(url.host, "[2001:db8::1]");
  assert_string_equal(url.origin, "http://[2001:db8::1]:8080");
  assert_int_equal(url.port, 8080);
  assert_string_equal(good("http://[0:0:0:0:0:0:0:1]").host, "[::1]");
}

static void refuses_what_is_not_clearly_right(void **state) {
  static const struct {
    const char *text, *why;
  } cases[] = {
    {"", "http://"},
    {"meet.example.org", "http://"},
    {"ftp://a", "http://"},
    {"file:///etc/passwd", "http://"},
    {"https:/a", "http://"},
    {"https:a", "http://"},
    {"//a", "http://"},
    {"https://", "no host"},
    {"https:///path", "no host"},
    {"https://:80", "no host"},
    {"https://?", "no host"},
    {"https://user@a", "user name"},
    {"https://user:pass@a", "user name"},
    {"https://good.example:80@evil.example", "user name"},
    {"https://a?x=1", "query"},
    {"https://a/?", "query"},
    {"https://a/#x", "fragment"},
    {"https://good.example#@evil.example", "fragment"},
    {"https://good.example\\@evil.example", "backslash"},
    {"https:\\\\a", "backslash"},
    {" https://a", "blanks"},
    {"https://a ", "blanks"},
    {"https://a/b c", "blanks"},
    {"https://a\r\nHost: b", "control"},
    {"https://a/\tb", "control"},
    {"https://a/\x7F", "control"},
    {"https://m\xC3\xBCnchen.example", "ASCII"},
    {"https://a/\xC3\xBC", "ASCII"},
    {"https://a:0", "port"},
    {"https://a:65536", "port"},
    {"https://a:99999999999999999999999", "port"},
    {"https://a:", "port"},
    {"https://a:x", "port"},
    {"https://a:80x", "port"},
    {"https://a:-1", "port"},
    {"https://a:+80", "port"},
    {"https://a:1:2", "port"},
    {"https://.a", "label"},
    {"https://a..b", "label"},
    {"https://.", "label"},
    {"https://a%2Eb", "characters"},
    {"https://a,b", "characters"},
    {"https://a;b", "characters"},
    {"https://a]", "characters"},
    {"https://[::1", "["},
    {"https://[", "["},
    {"https://[]", "IPv6"},
    {"https://[::g]", "IPv6"},
    {"https://[1.2.3.4]", "IPv6"},
    {"https://[fe80::1%25eth0]", "IPv6"},
    {"https://[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]",
     "IPv6"},
    {"https://[::1]x", "after the ]"},
    {"https://[::1].evil.example", "after the ]"},
    {"https://[::1]:", "port"},
    {"https://1", "IPv4"},
    {"https://2130706433", "IPv4"},
    {"https://127.1", "IPv4"},
    {"https://127.0.0.1.", "IPv4"},
    {"https://127.0.0.256", "IPv4"},
    {"https://0177.0.0.1", "IPv4"},
    {"https://0X7F.1", "IPv4"},
    {"https://a.1", "IPv4"},
    {"https://a/./b", "part of its path"},
    {"https://a/b/..", "part of its path"},
    {"https://a/%2e%2E/b", "part of its path"},
    {"https://a/.%2e", "part of its path"},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++)
    assert_refused(cases[i].text, cases[i].why);
}

static void refuses_a_nul_anywhere(void **state) {
  static const char text[] = "https://good.example\0.evil.example/\0";
  salon_Url url;
  (void)state;
  assert_non_null(salon_url_parse(text, sizeof(text) - 1, &url));
  assert_null(salon_url_parse(text, strlen(text), &url));
}

static void bounds_the_length_of_a_host(void **state) {
  char text[8 + 254 + 1] = "https://";
  salon_Url url;
  (void)state;
  memset(text + 8, 'a', 254);
  assert_non_null(salon_url_parse(text, 8 + 254, &url));
  assert_null(salon_url_parse(text, 8 + 253, &url));
  assert_int_equal(strlen(url.host), 253);
  assert_int_equal(strlen(url.origin), 8 + 253);
}

static void keeps_dots_that_are_no_dot_segments(void **state) {
  (void)state;
  assert_span(good("https://a/.well-known/x").path, "/.well-known/x");
  assert_span(good("https://a/..a/.../b.").path, "/..a/.../b.");
}

/* ---- loopback, origin ---- */

static void trusts_names_below_localhost_as_far_as_libcurl_does(void **state) {
  unsigned ours = library.version_num;
  (void)state;
  library.version_num = 0x075400;
  assert_false(good("http://a.localhost").loopback);
  assert_true(good("http://localhost").loopback);
  library.version_num = 0x075500;
  assert_true(good("http://a.localhost").loopback);
  library.version_num = ours;
}

static void knows_what_stays_on_this_machine(void **state) {
  static const char *const local[] = {
    "http://localhost",    "http://LOCALHOST:8080/x?y",
    "http://a.localhost",  "http://a.b.localhost",
    "http://127.0.0.1",    "http://127.0.0.1:1",
    "http://127.255.0.9",  "http://[::1]",
    "http://[0:0::0:1]:8",
  };
  static const char *const remote[] = {
    "http://example.org",  "http://localhost.example.org",
    "http://xlocalhost",   "http://127.0.0.1.example.org",
    "http://127.evil",     "http://1127.example",
    "http://10.0.0.1",     "http://0.0.0.0",
    "http://[::2]",        "http://[::]",
    "http://x/localhost",  "http://[::ffff:10.0.0.1]",
    "http://localhost-",   "http://localhost.",
    "http://3com.example", "http://x?localhost",
  };
  (void)state;
  for (size_t i = 0; i < COUNT(local); i++) {
    salon_Url url = good(local[i]);
    if (!url.loopback) fail_msg("%s is local", local[i]);
  }
  for (size_t i = 0; i < COUNT(remote); i++) {
    salon_Url url = good(remote[i]);
    if (url.loopback) fail_msg("%s is not local", remote[i]);
  }
}

static bool same(const char *a, const char *b) {
  salon_Url left = good(a), right = good(b);
  return strcmp(left.origin, right.origin) == 0;
}

static void compares_origins_by_scheme_host_and_port(void **state) {
  (void)state;
  assert_true(same("https://a/x?y", "HTTPS://A:443/z"));
  assert_true(same("http://[::1]:80", "http://[0::1]/"));
  assert_false(same("https://a", "http://a"));
  assert_false(same("https://a", "https://a:8443"));
  assert_false(same("https://a", "https://a.b"));
  assert_false(same("https://a", "https://b?https://a"));
  assert_false(same("http://a:443", "https://a"));
}

static void a_target_knows_how_much_of_it_is_the_origin(void **state) {
  static const struct {
    const char *url, *rest;
    salon_Scheme scheme;
    bool loopback;
  } targets[] = {
    {"https://Meet.example.org:443/a?b", "/a?b", SALON_HTTPS, false},
    {"http://127.0.0.1:8080?b", "?b", SALON_HTTP, true},
    {"HTTPS://[::1]", "", SALON_HTTPS, true},
  };
  salon_Target target;
  (void)state;
  for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
    assert_null(salon_url_target(targets[i].url, &target));
    assert_string_equal(target.url + target.origin_len, targets[i].rest);
    assert_int_equal(target.scheme, targets[i].scheme);
    assert_int_equal(target.loopback, targets[i].loopback);
  }
  assert_non_null(salon_url_target("ftp://a/", &target));
}

/* ---- writing ---- */

/* Builds into a buffer of exactly the size that was asked for. */
static char *build_n(const char *base, const salon_Span *parts, size_t nparts,
                     const salon_Span *pairs, size_t npairs) {
  salon_Url url = good_base(base);
  size_t measured, written;
  const char *problem = salon_url_build(&url, parts, nparts, pairs, npairs,
                                        NULL, 0, &measured);
  if (problem != NULL) return NULL;
  char *out = malloc(measured);
  assert_null(salon_url_build(&url, parts, nparts, pairs, npairs, out, measured,
                              &written));
  assert_int_equal(measured, written);
  char *text = malloc(written + 1);
  memcpy(text, out, written);
  text[written] = '\0';
  free(out);
  return text;
}

static void assert_built(const char *base, const salon_Span *parts,
                         size_t nparts, const salon_Span *pairs, size_t npairs,
                         const char *want) {
  char *got = build_n(base, parts, nparts, pairs, npairs);
  assert_non_null(got);
  assert_string_equal(got, want);
  free(got);
}

static void joins_base_parts_and_query(void **state) {
  const salon_Span parts[] = {span("v1"), span("rooms"), span("6f1d-a")};
  const salon_Span pairs[] = {span("page"), span("2"), span("after"),
                              span("a+b&c=d /")};
  (void)state;
  assert_built("https://Meet.example:443/api/", parts, 3, NULL, 0,
               "https://meet.example/api/v1/rooms/6f1d-a");
  assert_built("https://a", parts, 1, pairs, 4,
               "https://a/v1?page=2&after=a%2Bb%26c%3Dd%20%2F");
}

static void gives_a_final_slash_for_an_empty_last_part(void **state) {
  const salon_Span parts[] = {span("rooms"), span("")};
  const salon_Span pairs[] = {span("page"), span("1")};
  (void)state;
  assert_built("https://a", parts, 2, NULL, 0, "https://a/rooms/");
  assert_built("https://a/p", parts, 2, pairs, 2, "https://a/p/rooms/?page=1");
}

static void builds_without_any_part(void **state) {
  const salon_Span pairs[] = {span("q"), span("")};
  (void)state;
  assert_built("https://a", NULL, 0, NULL, 0, "https://a/");
  assert_built("https://a/token", NULL, 0, NULL, 0, "https://a/token");
  assert_built("https://a", NULL, 0, pairs, 2, "https://a/?q=");
}

static void encodes_everything_but_unreserved_characters(void **state) {
  const salon_Span parts[] = {span("AZaz09-._~"), span("%2e%2e"),
                              span("a?b#c&d=e+f g:@;,'\"<>[]"),
                              span("\xC3\xBC")};
  (void)state;
  assert_built("https://a", parts, 4, NULL, 0,
               "https://a/AZaz09-._~/%252e%252e/"
               "a%3Fb%23c%26d%3De%2Bf%20g%3A%40%3B%2C%27%22%3C%3E%5B%5D/"
               "%C3%BC");
}

static void refuses_parts_that_would_change_the_path(void **state) {
  const salon_Span bad[] = {
    span("."),    span(".."),   span("a/b"),
    span("/"),    span("a\\b"), span("a\nb"),
    span("\x7F"), span("\x1F"), (salon_Span){"a\0b", 3},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(bad); i++) {
    const salon_Span first[] = {bad[i], span("x")};
    const salon_Span last[] = {span("x"), bad[i]};
    assert_null(build_n("https://a", first, 2, NULL, 0));
    assert_null(build_n("https://a", last, 2, NULL, 0));
  }
}

static void refuses_an_empty_part_anywhere_but_at_the_end(void **state) {
  const salon_Span parts[] = {span("rooms"), span(""), span("invites")};
  (void)state;
  assert_null(build_n("https://a", parts, 3, NULL, 0));
  assert_null(build_n("https://a", parts + 1, 2, NULL, 0));
}

static void writes_a_form_that_can_be_read_back(void **state) {
  const salon_Span pairs[] = {span("password"), span("p&ss=w+rd %41\n"),
                              span(""), (salon_Span){"\0\xFF", 2}};
  static const char want[] = "password=p%26ss%3Dw%2Brd%20%2541%0A&=%00%FF";
  char out[sizeof(want) - 1];
  (void)state;
  assert_int_equal(salon_url_form(pairs, 4, NULL), sizeof(out));
  assert_int_equal(salon_url_form(pairs, 4, out), sizeof(out));
  assert_memory_equal(out, want, sizeof(out));
  assert_int_equal(salon_url_form(NULL, 0, NULL), 0);
}

/* ---- query parameters ---- */

static void assert_param(const char *url, const char *name, const char *want) {
  salon_Span value;
  char out[256];
  bool found = salon_url_param(url, strlen(url), span(name), &value);
  if (want == NULL) {
    assert_false(found);
    return;
  }
  if (!found) fail_msg("%s: no %s", url, name);
  size_t n = salon_url_decode(value, out);
  assert_int_equal(n, strlen(want));
  assert_memory_equal(out, want, n);
}

static void finds_a_query_parameter(void **state) {
  const char *url = "http://wrong.example:81/v1/rooms?per_page=30&page=2";
  (void)state;
  assert_param(url, "page", "2");
  assert_param(url, "per_page", "30");
  assert_param(url, "per", NULL);
  assert_param(url, "pag", NULL);
  assert_param(url, "pages", NULL);
  assert_param(url, "", NULL);
}

static void takes_the_last_of_several_parameters(void **state) {
  (void)state;
  assert_param("/x?page=1&page=2&a=3", "page", "2");
  assert_param("/x?page=1&page", "page", "");
}

static void decodes_names_and_values(void **state) {
  (void)state;
  assert_param("?a%5Bb%5d=1", "a[b]", "1");
  assert_param("?t=10%3A00%2c+x%2B", "t", "10:00, x+");
  assert_param("?a+b=1", "a b", "1");
  assert_param("?x=%zz%4&y=%", "x", "%zz%4");
  assert_param("?x=%zz%4&y=%", "y", "%");
  assert_param("?x=a=b", "x", "a=b");
}

static void reads_parameters_of_any_reference(void **state) {
  (void)state;
  assert_param("", "a", NULL);
  assert_param("?", "a", NULL);
  assert_param("?", "", "");
  assert_param("/x", "a", NULL);
  assert_param("/x?a=1#?a=2", "a", "1");
  assert_param("/x#?a=2", "a", NULL);
  assert_param("/x?&&a=1&&", "a", "1");
  assert_param("/x?a=?b=1", "a", "?b=1");
}

static void does_not_take_a_nul_for_a_separator(void **state) {
  static const char text[] = "/x\0page=1?page=2\0&x=1";
  salon_Span value;
  (void)state;
  assert_true(salon_url_param(text, sizeof(text) - 1, span("page"), &value));
  assert_int_equal(value.len, 2);
  assert_memory_equal(value.s, "2\0", 2);
}

/* ---- random input ---- */

static uint32_t random_state = 2463534242u;

static uint32_t next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}

/* A text of its own size on the heap, made of pieces that matter. */
static char *random_text(size_t *len) {
  static const char *const pieces[] = {
    "https://",  "http://", "[::1]", "[",    "]",  ":",    ":80", ":99999",
    "@",         "/",       "//",    "?",    "&",  "=",    "#",   ".",
    "..",        "%2e",     "%",     "%4",   "\\", " ",    "\n",  "localhost",
    "127.0.0.1", "a",       "B.c",   "page", "+",  "\xFF", "-",   "_"};
  char text[128];
  uint32_t n = next_random() % 12;
  *len = 0;
  for (uint32_t i = 0; i < n; i++) {
    const char *piece = pieces[next_random() % COUNT(pieces)];
    if (i == 0 && next_random() % 2) piece = "https://";
    memcpy(text + *len, piece, strlen(piece));
    *len += strlen(piece);
    if (next_random() % 16 == 0) text[(*len)++] = (char)next_random();
  }
  char *out = malloc(*len + (*len == 0));
  memcpy(out, text, *len);
  return out;
}

static void survives_any_text_and_reads_its_own_urls_back(void **state) {
  int accepted = 0;
  (void)state;
  for (int i = 0; i < 200000; i++) {
    size_t len;
    char *text = random_text(&len);
    salon_Url url, again;
    salon_Span value = {NULL, 0};
    if (salon_url_parse_base(text, len, &url) == NULL) {
      const salon_Span part = span("x");
      size_t built_len;
      accepted++;
      assert_null(
        salon_url_build(&url, &part, 1, NULL, 0, NULL, 0, &built_len));
      char *built = malloc(built_len);
      assert_null(
        salon_url_build(&url, &part, 1, NULL, 0, built, built_len, &built_len));
      assert_null(salon_url_parse(built, built_len, &again));
      assert_string_equal(url.origin, again.origin);
      free(built);
    }
    if (salon_url_param(text, len, span("page"), &value)) {
      char *out = malloc(value.len + 1);
      assert_true(salon_url_decode(value, out) <= value.len);
      free(out);
    }
    free(text);
  }
  assert_true(accepted > 1000);
}

static void reads_back_every_byte_it_has_encoded(void **state) {
  (void)state;
  for (int i = 0; i < 20000; i++) {
    char bytes[24], *form, *out;
    salon_Span pairs[2] = {{"n", 1}, {bytes, next_random() % sizeof(bytes)}};
    salon_Span value;
    size_t len;
    for (size_t j = 0; j < pairs[1].len; j++) bytes[j] = (char)next_random();
    len = salon_url_form(pairs, 2, NULL);
    form = malloc(len + 1);
    form[0] = '?';
    assert_int_equal(salon_url_form(pairs, 2, form + 1), len);
    assert_true(salon_url_param(form, len + 1, pairs[0], &value));
    out = malloc(value.len + 1);
    assert_int_equal(salon_url_decode(value, out), pairs[1].len);
    assert_memory_equal(out, bytes, pairs[1].len);
    free(out);
    free(form);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_scheme_host_port_path_and_origin),
    cmocka_unit_test(lowers_scheme_and_host_but_not_the_path),
    cmocka_unit_test(leaves_the_default_port_out_of_the_origin),
    cmocka_unit_test(drops_the_slashes_at_the_end_of_a_base),
    cmocka_unit_test(reads_a_complete_url_with_its_query),
    cmocka_unit_test(gives_every_ipv6_address_one_spelling),
    cmocka_unit_test(refuses_what_is_not_clearly_right),
    cmocka_unit_test(refuses_a_nul_anywhere),
    cmocka_unit_test(bounds_the_length_of_a_host),
    cmocka_unit_test(keeps_dots_that_are_no_dot_segments),
    cmocka_unit_test(trusts_names_below_localhost_as_far_as_libcurl_does),
    cmocka_unit_test(knows_what_stays_on_this_machine),
    cmocka_unit_test(a_target_knows_how_much_of_it_is_the_origin),
    cmocka_unit_test(compares_origins_by_scheme_host_and_port),
    cmocka_unit_test(joins_base_parts_and_query),
    cmocka_unit_test(gives_a_final_slash_for_an_empty_last_part),
    cmocka_unit_test(builds_without_any_part),
    cmocka_unit_test(encodes_everything_but_unreserved_characters),
    cmocka_unit_test(refuses_parts_that_would_change_the_path),
    cmocka_unit_test(refuses_an_empty_part_anywhere_but_at_the_end),
    cmocka_unit_test(writes_a_form_that_can_be_read_back),
    cmocka_unit_test(finds_a_query_parameter),
    cmocka_unit_test(takes_the_last_of_several_parameters),
    cmocka_unit_test(decodes_names_and_values),
    cmocka_unit_test(reads_parameters_of_any_reference),
    cmocka_unit_test(does_not_take_a_nul_for_a_separator),
    cmocka_unit_test(survives_any_text_and_reads_its_own_urls_back),
    cmocka_unit_test(reads_back_every_byte_it_has_encoded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
