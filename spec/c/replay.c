/* Plays recorded responses byte for byte:  replay FOLDER
** Request n gets the bytes that lie in FOLDER/n, and is itself left in
** FOLDER/n.request. The port goes to standard output; the program ends when
** nobody reads there any more. */

#define _GNU_SOURCE /* strcasestr */

#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *folder;
static char *response; /* the last one: it must outlive the call */

static FILE *numbered(int n, const char *suffix, const char *mode) {
  char path[4096];
  snprintf(path, sizeof(path), "%s/%d%s", folder, n, suffix);
  return fopen(path, mode);
}

static size_t read_response(FILE *from) {
  size_t len = 0, room = 1 << 16, got;
  free(response);
  response = malloc(room);
  while (response != NULL &&
         (got = fread(response + len, 1, room - len, from)) > 0)
    if ((len += got) == room) response = realloc(response, room *= 2);
  if (response == NULL) abort();
  return len;
}

/* Whether the server hung up after this response stands in its head. */
static Then after(size_t len) {
  static const char close_line[] = "\r\nConnection: close\r\n";
  char *end = memmem(response, len, "\r\n\r\n", 4);
  if (end == NULL) return THEN_CLOSE;
  char kept = end[2];
  end[2] = '\0';
  Then then = strcasestr(response, close_line) ? THEN_CLOSE : THEN_KEEP;
  end[2] = kept;
  return then;
}

static Response play(void *user, int n, const char *path, const char *text) {
  (void)user, (void)path;
  FILE *f = numbered(n, ".request", "wb");
  if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0) abort();
  f = numbered(n, "", "rb");
  if (f == NULL)
    return (Response){
      "HTTP/1.1 599 Nothing To Play\r\nContent-Length: 0\r\n\r\n", 0,
      THEN_KEEP};
  size_t len = read_response(f);
  fclose(f);
  return (Response){response, len, after(len)};
}

static void ready(Server *s) {
  printf("%d\n", server_port(s));
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fputs("usage: replay FOLDER\n", stderr);
    return 2;
  }
  folder = argv[1];
  server_serve(play, NULL, STDOUT_FILENO, false, ready);
  return 0;
}
