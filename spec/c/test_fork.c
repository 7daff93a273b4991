/* A process forks with transfers under way. The child starts afresh and takes
** nothing from its parent, the parent notices nothing. The server's thread
** stays with the parent. SALON_TORTURE=1 repeats all of it ten times. */

#include "calls.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "states.h"

#define SOMETIMES __attribute__((unused)) /* left out under a sanitizer */

static int times(void) {
#ifdef __SANITIZE_THREAD__
  return 2; /* each child ends with a second's pause there */
#else
  return getenv("SALON_TORTURE") != NULL ? 200 : 20;
#endif
}

static Response respond(void *user, int n, const char *path, const char *text) {
  (void)user, (void)n, (void)text;
  if (strcmp(path, "/hang") == 0) return (Response){"", 0, THEN_HANG};
  return OK_RESPONSE;
}

/* Forks; a child that hangs is ended by SIGALRM. */
static pid_t fork_child(void) {
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    signal(SIGALRM, SIG_DFL);
    alarm(20);
  }
  return pid;
}

/* In a child everything that the threads of its parent held is lost: no leak
** of ours, so the leak check at exit is left out. */
static void leave(int status) {
#ifdef __SANITIZE_ADDRESS__
  _exit(status);
#else
  exit(status);
#endif
}

static void await_child(pid_t pid) {
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  if (WIFSIGNALED(status))
    fail_msg("the child was ended by signal %d", WTERMSIG(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

static int asks(const char *url) {
  salon_Mailbox *own = salon_mailbox_new();
  salon_Exchange *x = make("GET", url, NULL);
  x->deadline = salon_now() + 15;
  int wrong = !salon_engine_submit(x, own) || !salon_mailbox_wait(own, x, 16) ||
              x->kind != SALON_OK;
  if (wrong) fprintf(stderr, "in the child: %s\n", x->message);
  salon_exchange_unref(x);
  salon_mailbox_unref(own);
  return wrong;
}

static void in_the_middle_of_transfers(Server *s) {
  enum { CALLS = 20 };
  salon_Exchange *x[CALLS], *hanging[CALLS];
  salon_config_unref(config);
  config = salon_config_new();
  config->max_per_origin = 1000;
  config->http_version = SALON_HTTP_1_1; /* many connections */
  if (server_ca(s)[0] != '\0') config->ca_file = strdup(server_ca(s));
  for (int i = 0; i < CALLS; i++)
    hanging[i] = begin("GET", server_url(s, "/hang"), NULL, 60);
  for (int i = 0; i < times(); i++) {
    for (int k = 0; k < CALLS; k++)
      x[k] = begin("GET", server_url(s, "/"), NULL, 60);
    usleep((useconds_t)(i * 7919 % 8000)); /* in a handshake, or later */
    pid_t pid = fork_child();
    if (pid == 0) leave(asks(server_url(s, "/")));
    for (int k = 0; k < CALLS; k++) {
      if (finish(x[k])->kind != SALON_OK) fail_msg("%s", x[k]->message);
      end(x[k]);
    }
    await_child(pid);
    if (i % 4 == 0) salon_engine_stop(); /* the next ones connect anew */
  }
  for (int i = 0; i < CALLS; i++) {
    salon_engine_cancel(hanging[i]);
    end(finish(hanging[i]));
  }
  server_stop(s);
}

SOMETIMES static void parent_and_child_both_go_on(void **state) {
  (void)state;
  in_the_middle_of_transfers(server_start(respond, NULL));
}

SOMETIMES static void parent_and_child_both_go_on_over_tls(void **state) {
  (void)state;
  in_the_middle_of_transfers(server_start_tls(respond, NULL));
}

/* The master forks, the child too, and the middle one goes: a daemon. */
SOMETIMES static void
a_stopped_engine_starts_again_in_a_grandchild(void **state) {
  (void)state;
  Server *s = server_start(respond, NULL);
  assert_answers(server_url(s, "/"));
  salon_engine_stop();
  pid_t pid = fork_child();
  if (pid == 0) {
    if (asks(server_url(s, "/"))) leave(1);
    salon_engine_stop();
    pid_t inner = fork_child();
    if (inner == 0) leave(asks(server_url(s, "/")));
    int status;
    leave(waitpid(inner, &status, 0) != inner || status != 0);
  }
  await_child(pid);
  assert_answers(server_url(s, "/"));
  server_stop(s);
}

/* ---- Lua states ---- */

static const char before[] =
  "url = ...\n"
  "client = core.client { label = 'test', proxy = '' }\n"
  "pending = {}\n"
  "for i = 1, 10 do\n"
  "  pending[i] = core.request(client, { url = url .. '/hang' })\n"
  "end\n"
  "finished = core.request(client, { url = url .. '/' })\n"
  "while not finished:wait(10) do end\n"
  "while core.mailbox():take() do end\n";

/* What the parent began is over for the child, and new calls work. */
static const char in_child[] =
  "assert(finished:done())\n"
  "local ok, info = finished:result()\n"
  "assert(ok == nil and info.kind == 'cancelled', 'a result from before')\n"
  "for _, request in ipairs(pending) do\n"
  "  assert(request:done() and request:wait(0))\n"
  "  request:cancel()\n"
  "  local status, why = request:result()\n"
  "  assert(status == nil and why.kind == 'cancelled')\n"
  "  assert(request:header('Date') == nil)\n"
  "end\n"
  "pending = nil\n"
  "collectgarbage() collectgarbage()\n"
  "for i = 1, 3 do\n"
  "  local request = core.request(client, { url = url .. '/' })\n"
  "  while not request:wait(10) do end\n"
  "  local status, body = request:result()\n"
  "  assert(status == 200 and body == 'ok', tostring(status))\n"
  "end\n"
  "assert(core.mailbox():in_flight() == 0)\n";

static const char after[] =
  "assert(core.mailbox():in_flight() == 10)\n"
  "assert(core.mailbox():take() == nil, 'a completion of another process')\n"
  "assert(finished:result() == 200)\n"
  "for _, request in ipairs(pending) do\n"
  "  assert(not request:done())\n"
  "  request:cancel()\n"
  "  while not request:wait(10) do end\n"
  "end\n"
  "pending = nil\n";

static void assert_nothing_new(lua_State *L) {
  const char *why = run(L, "assert(not core.mailbox():wait(0))", NULL);
  if (why != NULL) fail_msg("%s", why);
}

static int child_of(lua_State *L, int how) {
  const char *why = run(L, in_child, NULL);
  if (why != NULL) fprintf(stderr, "in the child: %s\n", why);
  if (how % 2 == 0) lua_close(L); /* closed, or left as it is */
  return why != NULL;
}

SOMETIMES static void a_state_of_the_parent_works_in_the_child(void **state) {
  (void)state;
  Server *s = server_start(respond, NULL);
  lua_State *L = new_state();
  const char *why = run(L, before, server_url(s, ""));
  if (why != NULL) fail_msg("%s", why);
  server_await(s, 11);
  assert_nothing_new(L);
  for (int i = 0; i < times(); i++) {
    pid_t pid = fork_child();
    if (pid == 0) leave(child_of(L, i));
    await_child(pid);
    assert_nothing_new(L); /* nothing that the child did shows here */
  }
  why = run(L, after, NULL);
  if (why != NULL) fail_msg("%s", why);
  lua_close(L);
  server_stop(s);
}

/* What the child leaves behind is its parent's, and still in use. */
static void a_child_that_only_ends_does_no_harm(void **state) {
  (void)state;
  Server *s = server_start(respond, NULL);
  salon_Exchange *x = begin("GET", server_url(s, "/hang"), NULL, 60);
  server_await(s, 1);
  for (int i = 0; i < times(); i++) {
    pid_t pid = fork_child();
    if (pid == 0) leave(0);
    await_child(pid);
  }
  assert_answers(server_url(s, "/"));
  assert_false(salon_exchange_finished(x));
  server_release(s, 1);
  assert_int_equal(finish(x)->status, 200);
  end(x);
  server_stop(s);
}

static void *enter_and_leave(void *unused) {
  for (int i = 0; i < 100; i++) salon_engine_enter(), salon_engine_leave();
  return unused;
}

/* The first of them finds what the parent's threads held. */
static void threads_of_a_child_may_begin_at_once(void **state) {
  (void)state;
  for (int i = 0; i < times(); i++) {
    pid_t pid = fork_child();
    if (pid == 0) {
      pthread_t threads[4];
      for (int k = 0; k < 4; k++)
        pthread_create(&threads[k], NULL, enter_and_leave, NULL);
      for (int k = 0; k < 4; k++) pthread_join(threads[k], NULL);
      leave(0);
    }
    await_child(pid);
  }
}

/* The sanitizers lose their own locks in a child of many threads: only what
** keeps the server's thread still, or starts none in the child, is for them. */
int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(a_child_that_only_ends_does_no_harm),
    TEST(threads_of_a_child_may_begin_at_once),
#ifndef __SANITIZE_THREAD__
    TEST(a_stopped_engine_starts_again_in_a_grandchild),
    TEST(a_state_of_the_parent_works_in_the_child),
#ifndef __SANITIZE_ADDRESS__
    TEST(parent_and_child_both_go_on),
    TEST(parent_and_child_both_go_on_over_tls),
#endif
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
