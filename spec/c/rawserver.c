/* The raw server as a program, for specs in Lua: prints its port (and the file
** with its certificate), then answers each request with the bytes of a file,
** and goes when nobody reads what it prints any more.
**   rawserver FOLDER [tls]
** "/NAME/and/so/on" sends FOLDER/NAME as it is; FOLDER/NAME.then says what
** happens afterwards: one of the words below; with FOLDER/NAME.once a method and
** path that were asked for before get a 404. FOLDER/log grows by every request
** that arrived whole. The name of a well-known FILE is "well-known-FILE".
** Over HTTP/2, where it reads no path, the name is always "h2". "FIRST LAST" in
** FOLDER/cut cuts the next requests and their responses after FIRST bytes, and
** so on to LAST. */

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server.h"

static char *bytes; /* of the last response */

static size_t read_all(FILE *f) {
  size_t len = 0, room = 0;
  free(bytes);
  bytes = NULL;
  for (;;) {
    if (room - len < 65536) bytes = realloc(bytes, room += 65536);
    size_t n = fread(bytes + len, 1, 65536, f);
    if (n == 0) return len;
    len += n;
  }
}

static Then what_then(const char *file) {
  static const struct {
    const char *word;
    Then then;
  } all[] = {{"close", THEN_CLOSE},     {"reset", THEN_RESET},
             {"hang", THEN_HANG},       {"drip", THEN_DRIP},
             {"trickle", THEN_TRICKLE}, {"refuse", THEN_REFUSE},
             {"break", THEN_BREAK},     {"goaway", THEN_GOAWAY}};
  char path[620], word[16] = "";
  snprintf(path, sizeof(path), "%s.then", file);
  FILE *f = fopen(path, "rb");
  if (f == NULL) return THEN_KEEP;
  if (fscanf(f, "%15s", word) != 1) word[0] = '\0';
  fclose(f);
  for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
    if (strcmp(word, all[i].word) == 0) return all[i].then;
  return THEN_KEEP;
}

static void note(const char *folder, const char *text) {
  char path[600];
  snprintf(path, sizeof(path), "%s/log", folder);
  FILE *f = fopen(path, "ab");
  if (f == NULL) return;
  fprintf(f, "%s\n", text);
  fclose(f);
}

static long next_cut(void *folder) {
  static long next = 0, last = -1;
  if (next > last) {
    char path[600];
    snprintf(path, sizeof(path), "%s/cut", (char *)folder);
    FILE *f = fopen(path, "rb");
    if (f == NULL) return -1;
    if (fscanf(f, "%ld %ld", &next, &last) != 2) last = next - 1;
    fclose(f);
    unlink(path);
  }
  return next <= last ? next++ : -1;
}

/* Takes note of the request's first line. */
static bool was_asked(const char *text) {
  static char *asked;
  static size_t len;
  size_t line = strcspn(text, "\n") + 1;
  char *copy = strndup(text, line);
  bool known = asked != NULL && strstr(asked, copy) != NULL;
  free(copy);
  asked = realloc(asked, len + line + 1);
  memcpy(asked + len, text, line);
  asked[len += line] = '\0';
  return known;
}

/* What a proxy is asked for names the server as well. */
static const char *without_origin(const char *path) {
  if (strncmp(path, "http://", 7) != 0) return path;
  return path + 7 + strcspn(path + 7, "/");
}

static Response respond(void *folder, int n, const char *path,
                        const char *text) {
  char name[200] = "h2", file[600], once[620];
  (void)n;
  note(folder, text);
  path = without_origin(path);
  if (*path != '\0' && sscanf(path, "/%199[^/?]", name) != 1) name[0] = '.';
  if (strstr(path, "/.well-known/") != NULL)
    snprintf(name, sizeof(name), "well-known-%.100s", strrchr(path, '/') + 1);
  snprintf(file, sizeof(file), "%s/%s", (char *)folder, name);
  bool wanted = name[0] != '.';
  snprintf(once, sizeof(once), "%s.once", file);
  if (wanted && access(once, F_OK) == 0) wanted = !was_asked(text);
  FILE *f = wanted ? fopen(file, "rb") : NULL;
  if (f == NULL)
    return (Response){"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 0,
                      THEN_KEEP};
  size_t len = read_all(f);
  fclose(f);
  return (Response){len > 0 ? bytes : "", len, what_then(file)};
}

static void ready(Server *s) {
  server_cut(s, next_cut);
  printf("%d %s\n", server_port(s), server_ca(s));
  fflush(stdout);
}

int main(int argc, char **argv) {
  bool tls = argc == 3 && strcmp(argv[2], "tls") == 0;
  if (argc != 2 && !tls) return 2;
  signal(SIGPIPE, SIG_IGN);
  server_serve(respond, argv[1], STDOUT_FILENO, tls, ready);
  free(bytes);
  return 0;
}
