/* Whole calls in which the Nth allocation of salon's own C fails, for every N:
** once that one alone, once all from there on. Nothing may crash, hang or stay
** allocated; a call ends as `limit` unless it did without; and the next one, on
** the same engine, succeeds. The linker puts the __wrap_ functions here in
** place of those that the objects of salon call (Makefile); Lua keeps its own,
** and so does libcurl but for copies of texts, which have a test for themselves.
** What is freed is also looked at: nothing of a body may be left in it. */

#define _GNU_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/config.h"
#include "io/curlcompat.h"
#include "io/engine.h"
#include "io/exchange.h"
#include "io/headers.h"
#include "io/mailbox.h"
#include "states.h"

/* ---- the allocations ---- */

enum { MOST = 4096 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *blocks[MOST]; /* that salon has allocated and not freed */
static long countdown;     /* to the one that fails; 0: none does */
static bool all;           /* those after it fail, too */
static bool failed;

#define MARKER "m4rker-s3cret"
static atomic_int unwiped; /* blocks that were given back with it inside */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *block, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *block, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *block);

static bool fails(void) {
  pthread_mutex_lock(&lock);
  bool now = countdown == 0 ? all && failed : --countdown == 0;
  failed = failed || now;
  pthread_mutex_unlock(&lock);
  if (now) errno = ENOMEM;
  return now;
}

/* Valgrind minds that bytes are looked at which nobody has written. */
static void look_for_marker(void *block) {
  static int under_valgrind = -1;
  if (under_valgrind < 0) under_valgrind = getenv("SALON_SLOW") != NULL;
  if (block != NULL && !under_valgrind &&
      memmem(block, malloc_usable_size(block), MARKER, strlen(MARKER)) != NULL)
    atomic_fetch_add(&unwiped, 1);
}

/* Puts `new` in the place of `old` in the list; NULL is a free place. */
static void *replace(void *old, void *new) {
  size_t i = 0;
  pthread_mutex_lock(&lock);
  while (i < MOST && blocks[i] != old) i++;
  if (i < MOST) blocks[i] = new;
  pthread_mutex_unlock(&lock);
  if (old == NULL) assert_true(i < MOST);
  return new;
}

void *__wrap_malloc(size_t size) {
  return fails() ? NULL : replace(NULL, __real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size) {
  return fails() ? NULL : replace(NULL, __real_calloc(n, size));
}

void *__wrap_realloc(void *block, size_t size) {
  look_for_marker(block); /* it may leave the old one as it is */
  return fails() ? NULL : replace(block, __real_realloc(block, size));
}

char *__wrap_strdup(const char *text) {
  return fails() ? NULL : replace(NULL, __real_strdup(text));
}

void __wrap_free(void *block) {
  look_for_marker(block);
  if (block != NULL) replace(block, NULL);
  __real_free(block);
}

static int allocated(void) {
  int n = 0;
  for (size_t i = 0; i < MOST; i++) n += blocks[i] != NULL;
  return n;
}

/* ---- a server that allocates nothing ---- */

static pthread_t main_thread;
static int listen_fd;
static char url[64];

static void answer(int fd, const char *request) {
  static const char ok[] = "HTTP/1.1 200 OK\r\nETag: \"a\"\r\n"
                           "Content-Length: 2\r\n\r\nok";
  static const char busy[] = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
  static const char secret[] = "HTTP/1.1 503 Busy\r\nContent-Length: 40000\r\n"
                               "\r\n" MARKER;
  static int asked;
  if (strstr(request, " /secret") != NULL && ++asked % 2 == 1) {
    static char rest[40000 - sizeof(MARKER) + 1]; /* comes in several parts */
    (void)!send(fd, secret, strlen(secret), MSG_NOSIGNAL);
    (void)!send(fd, rest, sizeof(rest), MSG_NOSIGNAL);
    return;
  }
  bool again = strstr(request, " /busy") != NULL && ++asked % 2 == 1;
  if (strstr(request, " /hang") != NULL) return;
  (void)!send(fd, again ? busy : ok, strlen(again ? busy : ok), MSG_NOSIGNAL);
}

static void *serve(void *unused) {
  char request[4096];
  for (;;) {
    int fd = accept(listen_fd, NULL, NULL);
    for (ssize_t n; (n = recv(fd, request, sizeof(request) - 1, 0)) > 0;) {
      request[n] = '\0';
      answer(fd, request);
    }
    close(fd);
  }
  return unused;
}

static int listen_on_loopback(int flags, char address[64]) {
  struct sockaddr_in a = {.sin_family = AF_INET};
  socklen_t len = sizeof(a);
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | flags, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
  assert_int_equal(listen(fd, 128), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
  snprintf(address, 64, "http://127.0.0.1:%d", ntohs(a.sin_port));
  return fd;
}

static int set_memory_of_curl(void);

static int start(void **state) {
  pthread_t thread;
  (void)state;
  main_thread = pthread_self();
  listen_fd = listen_on_loopback(0, url);
  return set_memory_of_curl() | pthread_create(&thread, NULL, serve, NULL);
}

/* ---- what is tried: each says whether all of it succeeded ---- */

typedef bool Scenario(void);

static bool limit(const salon_Exchange *x) {
  assert_string_equal(salon_kind_name(x->kind), "limit");
  assert_true(x->message[0] != '\0');
  return false;
}

static salon_Exchange *begin(salon_Config *config, salon_Mailbox *m,
                             const char *method, const char *path) {
  char text[128];
  salon_Target target;
  snprintf(text, sizeof(text), "%s%s", url, path);
  assert_null(salon_url_target(text, &target));
  salon_Headers *headers = salon_headers_new();
  if (headers == NULL) return NULL;
  assert_true(salon_headers_add(headers, "Accept: application/json"));
  salon_Exchange *x = salon_exchange_new(config, method, &target, headers, "{}",
                                         2);
  salon_headers_unref(headers);
  if (x == NULL) return NULL;
  x->deadline = salon_now() + 20;
  if (salon_exchange_authorise(x, "token", 5) && salon_engine_submit(x, m))
    return x;
  assert_int_equal(errno, ENOMEM);
  salon_exchange_unref(x);
  return NULL;
}

static bool finish(salon_Exchange *x, salon_Mailbox *m, bool cancelled) {
  if (x == NULL) return false;
  if (cancelled) salon_engine_cancel(x);
  if (!salon_mailbox_wait(m, x, 30)) fail_msg("%s never finishes", x->url);
  bool good = x->kind == (cancelled ? SALON_CANCELLED : SALON_OK) || limit(x);
  salon_exchange_unref(x);
  return good;
}

static bool call(const char *method, const char *path, bool cancelled) {
  salon_Config *config = salon_config_new();
  salon_Mailbox *m = salon_mailbox_new();
  bool good = config != NULL && m != NULL;
  if (config != NULL) config->retry.base = 0.001;
  if (good) good = finish(begin(config, m, method, path), m, cancelled);
  salon_mailbox_unref(m);
  salon_config_unref(config);
  return good;
}

static bool a_call(void) { return call("POST", "/", false); }

static bool a_call_that_is_repeated(void) {
  return call("PUT", "/busy", false);
}

static bool a_cancelled_call(void) { return call("POST", "/hang", true); }

static bool from_lua(const char *code) {
  lua_State *L = new_state();
  const char *why = run(L, code, url);
  bool good = why == NULL;
  if (!good && strstr(why, "not enough memory") == NULL &&
      strstr(why, strerror(ENOMEM)) == NULL)
    fail_msg("%s", why);
  lua_close(L);
  return good;
}

static bool files_from_lua(void) {
  return from_lua(
    "local url = ...\n"
    "local client = core.client { label = 'test', proxy = '' }\n"
    "local function ask(spec)\n"
    "  spec.url = url .. '/'\n"
    "  local request, why = core.request(client, spec)\n"
    "  assert(request, why)\n"
    "  while not request:wait(20) do end\n"
    "  local status, failure = request:result()\n"
    "  assert(status == 200 or failure.kind == 'limit', 'neither')\n"
    "  assert(status, 'not enough memory')\n"
    "end\n"
    "local path = os.tmpname()\n"
    "local file, why = core.file_to_write(path, path .. '.part')\n"
    "local left = not file and io.open(path .. '.part')\n"
    "local good, e = pcall(function()\n"
    "  assert(not left, 'the partial file was left')\n"
    "  assert(file, why)\n"
    "  ask { download = file }\n"
    "  assert(file:keep(path))\n"
    "  ask { method = 'POST', upload = assert(core.file_to_send(path)) }\n"
    "  ask { method = 'POST', upload = assert(core.bytes_to_send 'ok') }\n"
    "end)\n"
    "os.remove(path)\n"
    "os.remove(path .. '.part')\n"
    "assert(good, e)\n");
}

static bool a_call_from_lua(void) {
  return from_lua(
    "local url = ...\n"
    "local client = core.client { label = 'test', proxy = url, no_proxy = '',\n"
    "  user_agent = 'test' }\n"
    "local headers = core.headers(client, { ['X-A'] = 'b' })\n"
    "local token = core.token { access = 't', expires_in = 60 }\n"
    "local request, why = core.request(client, { method = 'POST',\n"
    "  url = url .. '/', repeat_on = { status = 500, prefix = 'x', max = 1 } "
    "},\n"
    "  nil, headers, token)\n"
    "assert(request, why)\n"
    "while not request:wait(20) do end\n"
    "local status, failure = request:result()\n"
    "assert(status == 200 or failure.kind == 'limit', 'neither')\n"
    "assert(status, 'not enough memory')\n");
}

/* ---- libcurl's copies of what it is told ---- */

static atomic_long copies; /* to the one that fails; 0: none does */

static char *copy(const char *text) {
  bool counts = atomic_load(&copies) > 0 &&
                !pthread_equal(pthread_self(), main_thread);
  return counts && atomic_fetch_sub(&copies, 1) == 1 ? NULL
                                                     : __real_strdup(text);
}

/* Before salon does so: only the first one counts. */
static int set_memory_of_curl(void) {
  return (int)curl_global_init_mem(CURL_GLOBAL_DEFAULT, __real_malloc,
                                   __real_free, __real_realloc, copy,
                                   __real_calloc);
}

/* Without "no proxy" libcurl would go by the environment. */
static void no_call_leaves_by_a_proxy_that_it_is_not_meant_for(void **state) {
  (void)state;
  char address[64];
  int proxy = listen_on_loopback(SOCK_NONBLOCK, address);
  assert_int_equal(setenv("http_proxy", address, 1), 0);
  assert_true(a_call());
  long n = 1;
  for (bool reached = true; reached; n++) {
    atomic_store(&copies, n);
    (void)a_call();
    reached = atomic_exchange(&copies, 0) == 0;
    if (accept(proxy, NULL, NULL) >= 0) fail_msg("without copy %ld", n);
  }
  assert_true(n > 3);
  unsetenv("http_proxy");
  close(proxy);
  salon_engine_stop();
}

/* ---- what is left in memory ---- */

static void a_body_is_overwritten_wherever_it_was(void **state) {
  (void)state;
  atomic_store(&unwiped, 0);
  assert_true(call("PUT", "/secret", false)); /* repeated: the next is short */
  salon_engine_stop();
  assert_int_equal(atomic_load(&unwiped), 0);
}

/* ---- nginx's socket ---- */

static char folder[] = "/tmp/salon-test-XXXXXX";

static bool a_socket_for_nginx(void) {
  salon_Mailbox *m = salon_mailbox_new();
  bool good = m != NULL && salon_mailbox_listen(m) != NULL;
  salon_mailbox_unref(m);
  if (rmdir(folder) != 0) fail_msg("%s: %s", folder, strerror(errno));
  assert_int_equal(mkdir(folder, 0700), 0);
  return good;
}

static int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) == NULL || setenv("TMPDIR", folder, 1) != 0;
}

static int remove_folder(void **state) {
  (void)state;
  return rmdir(folder) | unsetenv("TMPDIR");
}

/* ---- every N ---- */

/* Did the scenario need an Nth allocation at all? */
static bool fail_at(Scenario *scenario, long n, bool from_there_on) {
  failed = false;
  all = from_there_on;
  countdown = n;
  bool good = scenario();
  bool reached = failed;
  countdown = 0;
  all = failed = false;
  assert_true(good || reached);
  assert_true(scenario());
  salon_engine_stop();
  assert_int_equal(allocated(), 0);
  return reached;
}

static long for_every_allocation_of(Scenario *scenario) {
  long n = 1;
  for (int all_of_them = 0; all_of_them <= 1; all_of_them++)
    for (n = 1; fail_at(scenario, n, all_of_them); n++) continue;
  return n;
}

static void for_every_allocation(void **state) {
  assert_true(for_every_allocation_of((Scenario *)*state) > 8);
}

static void a_socket_for_nginx_leaves_nothing_behind(void **state) {
  (void)state;
  assert_true(for_every_allocation_of(a_socket_for_nginx) > 2);
}

#define SURVIVES(scenario)                                                     \
  { #scenario " survives", for_every_allocation, NULL, NULL, (void *)scenario }

int main(void) {
  const struct CMUnitTest tests[] = {
    SURVIVES(a_call),
    SURVIVES(a_call_that_is_repeated),
    SURVIVES(a_cancelled_call),
    SURVIVES(a_call_from_lua),
    SURVIVES(files_from_lua),
    cmocka_unit_test_setup_teardown(a_socket_for_nginx_leaves_nothing_behind,
                                    make_folder, remove_folder),
    cmocka_unit_test(a_body_is_overwritten_wherever_it_was),
    cmocka_unit_test(no_call_leaves_by_a_proxy_that_it_is_not_meant_for),
  };
  return cmocka_run_group_tests(tests, start, NULL);
}
