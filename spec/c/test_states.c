/* Several Lua states in one process: none gets completions of another one,
** states come and go in threads, and closing one is quick whatever is under
** way. */

#include "calls.h"

#include <pthread.h>

#include "states.h"

static Response respond(void *user, int n, const char *path, const char *text) {
  (void)user, (void)n, (void)text;
  if (strcmp(path, "/hang") == 0) return (Response){"", 0, THEN_HANG};
  return OK_RESPONSE;
}

static void must_run(lua_State *L, const char *code, const char *argument) {
  const char *why = run(L, code, argument);
  if (why != NULL) fail_msg("%s", why);
}

static const char begin_code[] =
  "url = ...\n"
  "client = core.client { label = 'test', proxy = '' }\n"
  "box = core.mailbox()\n"
  "function begin(path)\n"
  "  local request = core.request(client, { url = url .. path })\n"
  "  local id = request:pending()\n"
  "  if id and ids then ids[id] = true end\n"
  "  return request\n"
  "end\n";

static void two_states_hear_of_their_own_calls_only(void **state) {
  (void)state;
  Server *s = server_start(respond, NULL);
  lua_State *a = new_state(), *b = new_state();
  must_run(a, begin_code, server_url(s, ""));
  must_run(b, begin_code, server_url(s, ""));
  must_run(b, "hanging = begin '/hang'", NULL);
  for (int i = 0; i < 20; i++) {
    must_run(a, "ids = {} one, two = begin '/', begin '/'", NULL);
    must_run(a, "while box:in_flight() > 0 do one:wait(1) two:wait(1) end",
             NULL);
    must_run(b, "assert(not box:wait(0) and not hanging:done())", NULL);
    must_run(a,
             "for _ in pairs(ids) do\n"
             "  assert(ids[box:take()], 'a foreign or lost call')\n"
             "end\n"
             "assert(box:take() == nil)\n",
             NULL);
  }
  server_release(s, 1);
  must_run(b,
           "assert(box:wait(10))\n"
           "assert(box:take() == hanging:id() and hanging:result() == 200)",
           NULL);
  lua_close(a);
  must_run(b, "last = begin '/' while not last:wait(1) do end", NULL);
  lua_close(b);
  server_stop(s);
}

enum { STATES = 200, THREADS = 4, PENDING = 100 };

typedef struct Worker {
  char url[64];
  int wrong;
} Worker;

/* Every other state is closed with a call under way. */
static void *open_and_close(void *user) {
  Worker *w = user;
  for (int i = 0; i < STATES / THREADS; i++) {
    lua_State *L = new_state();
    const char *why = run(L, begin_code, w->url);
    if (why == NULL)
      why = run(L,
                "ids = {}\n"
                "local request = begin '/'\n"
                "while not request:wait(20) do end\n"
                "local status, body = request:result()\n"
                "assert(status == 200, body and body.message)\n"
                "assert(box:take() == next(ids) and not box:take())\n",
                NULL);
    if (why == NULL && i % 2 == 0) why = run(L, "kept = begin '/hang'", NULL);
    if (why != NULL) {
      fprintf(stderr, "%s\n", why);
      w->wrong++;
    }
    lua_close(L);
  }
  return NULL;
}

static void two_hundred_states_come_and_go_in_four_threads(void **state) {
  (void)state;
  Server *s = server_start(respond, NULL);
  pthread_t threads[THREADS];
  Worker workers[THREADS];
  salon_engine_leave(); /* the states alone keep the engine, and let it go */
  for (int i = 0; i < THREADS; i++) {
    workers[i].wrong = 0;
    strcpy(workers[i].url, server_url(s, ""));
    pthread_create(&threads[i], NULL, open_and_close, &workers[i]);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    assert_int_equal(workers[i].wrong, 0);
  }
  salon_engine_enter();
  server_settle(s);
  server_stop(s);
}

/* The best of a few: others use this machine, and waiting would take long every
   time. */
static double closing_time(Server *s, const char *code) {
  enum { ROUNDS = 5 };
  double best = 1e9;
  for (int i = 0; i < ROUNDS; i++) {
    int before = server_requests(s);
    lua_State *L = new_state();
    must_run(L, begin_code, server_url(s, ""));
    must_run(L, code, server_ca(s));
    server_await(s, before + PENDING);
    double start = salon_now();
    lua_close(L);
    double took = salon_now() - start;
    if (took < best) best = took;
    server_settle(s);
  }
  return best;
}

static void closing_takes_no_time(Server *s) {
  static const char code[] =
    "client = core.client { label = 'test', proxy = '', ca_file = ...,\n"
    "  max_per_origin = 1000, http_version = '1.1' }\n"
    "pending = {}\n"
    "for i = 1, 100 do pending[i] = begin '/hang' end\n";
  salon_engine_leave();
  double took = closing_time(s, code);
  salon_engine_enter();
  printf("# closing a state with %d calls under way: %.1f ms\n", PENDING,
         took * 1000);
  server_stop(s);
  assert_true(took < 0.1 * slower());
}

static void a_state_with_100_calls_under_way_closes_at_once(void **state) {
  (void)state;
  closing_takes_no_time(server_start(respond, NULL));
}

static void over_tls_it_does_so_too(void **state) {
  (void)state;
  closing_takes_no_time(server_start_tls(respond, NULL));
}

/* What is collected is cancelled: the server sees the connections go. */
static void a_request_that_is_collected_is_cancelled(void **state) {
  (void)state;
  Server *s = server_start(respond, NULL);
  lua_State *L = new_state();
  must_run(L, begin_code, server_url(s, ""));
  must_run(L, "for i = 1, 10 do begin '/hang' end", NULL);
  server_await(s, 10);
  must_run(L, "collectgarbage() collectgarbage()", NULL);
  server_settle(s);
  /* the connections go a moment before that is delivered */
  must_run(L,
           "local ends = core.now() + 10 "
           "repeat until box:in_flight() == 0 or core.now() > ends "
           "assert(box:in_flight() == 0)",
           NULL);
  lua_close(L);
  server_stop(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(two_states_hear_of_their_own_calls_only),
    TEST(two_hundred_states_come_and_go_in_four_threads),
    TEST(a_state_with_100_calls_under_way_closes_at_once),
    TEST(over_tls_it_does_so_too),
    TEST(a_request_that_is_collected_is_cancelled),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
