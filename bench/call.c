/* A small call with libcurl alone, N times: the measure for salon's own calls.
**
**   call N URL     token in $BENCH_TOKEN; prints the CPU seconds it took
*/
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static size_t on_body(char *data, size_t size, size_t n, void *user) {
  (void)data, (void)user;
  return size * n;
}

static void call(CURL *easy) {
  long status = 0;
  CURLcode code = curl_easy_perform(easy);
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_OK && status == 200) return;
  fprintf(stderr, "call: %s, status %ld\n", curl_easy_strerror(code), status);
  exit(1);
}

int main(int argc, char **argv) {
  const char *token = getenv("BENCH_TOKEN");
  char line[8192];
  if (argc != 3 || token == NULL) {
    fprintf(stderr, "usage: BENCH_TOKEN=... call N URL\n");
    return 2;
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURL *easy = curl_easy_init();
  snprintf(line, sizeof(line), "Authorization: Bearer %s", token);
  struct curl_slist *headers = curl_slist_append(NULL, line);
  curl_easy_setopt(easy, CURLOPT_URL, argv[2]);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  call(easy); /* opens the connection */
  clock_t start = clock();
  for (int left = atoi(argv[1]); left > 0; left--) call(easy);
  printf("%.6f\n", (double)(clock() - start) / CLOCKS_PER_SEC);
  curl_easy_cleanup(easy);
  curl_slist_free_all(headers);
  return 0;
}
