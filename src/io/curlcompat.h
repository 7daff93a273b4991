/* Every #if on a libcurl version lives here.
**
** salon builds against libcurl 7.68 and newer. What an older one cannot do
** is switched off here and named in doc/limits.md: before 7.80 a POST may be
** repeated by libcurl itself, before 7.87 a name look-up that hangs can hold
** up the I/O thread when its call is given up. */
#ifndef SALON_CURLCOMPAT_H
#define SALON_CURLCOMPAT_H

#if defined(__has_include)
#if !__has_include(<curl/curl.h>)
#error                                                                         \
  "curl/curl.h is missing. Install it: apt install libcurl4-openssl-dev | \
dnf install libcurl-devel | apk add curl-dev | brew install curl"
#endif
#endif

#include <stdbool.h>

#include <curl/curl.h>

#if LIBCURL_VERSION_NUM < 0x074400
#error "salon needs libcurl 7.68 or newer"
#endif

#define SALON_CURL_HAS_PREREQ (LIBCURL_VERSION_NUM >= 0x075000)
/* 7.88 breaks every request but the first on a plain HTTP/2 connection (fixed
** in 8.0, curl issue 10634); over TLS all is well. */
#define SALON_CURL_REUSES_PLAIN_HTTP2                                          \
  (LIBCURL_VERSION_NUM < 0x075800 || LIBCURL_VERSION_NUM >= 0x080000)
/* 7.83 to 8.1.0 keep a pointer to the last header line in an easy handle that
** is used again: the next response, when it begins with a folded line, makes
** libcurl free memory twice. By the library at hand, not the one built with. */
static inline bool salon_curl_may_reuse_handles(void) {
  unsigned version = curl_version_info(CURLVERSION_NOW)->version_num;
  return version < 0x075300 || version > 0x080100;
}

/* Before 7.85 libcurl asks the DNS for names below .localhost, which then says
** where they are. By the library at hand, too. */
static inline bool salon_curl_knows_localhost_names(void) {
  return curl_version_info(CURLVERSION_NOW)->version_num >= 0x075500;
}

/* CURLE_TOO_LARGE of 8.6; before it was no code of its own. */
#define SALON_CURLE_TOO_LARGE 100

static inline void salon_curl_allow_http_only(CURL *easy) {
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  long both = CURLPROTO_HTTP | CURLPROTO_HTTPS;
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS, both);
#endif
}

/* A look-up that hangs is abandoned instead of being joined. */
static inline void salon_curl_quit_look_ups(CURL *easy, bool quits) {
#if LIBCURL_VERSION_NUM >= 0x075700
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, quits ? 1L : 0L);
#else
  (void)easy, (void)quits;
#endif
}

#endif
