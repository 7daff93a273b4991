/* Idle handles: those of clients that are gone leave their place to others. */

#include "calls.h"

#include "io/transfer.h"

/* One call of a client of its own, or of `shared`; whether it made a handle. */
static bool use(salon_Pool *pool, salon_Config *shared, double now) {
  salon_Config *test = config;
  config = shared != NULL ? shared : salon_config_new();
  salon_Exchange *x = make("GET", "http://127.0.0.1/", NULL);
  int before = pool->count;
  assert_true(salon_pool_get(pool, x));
  bool made = pool->count == before;
  salon_pool_put(pool, x->transfer, now);
  salon_exchange_unref(x);
  if (shared == NULL) salon_config_unref(config);
  config = test;
  return made;
}

static void handles_of_clients_that_are_gone_leave_their_place(void **state) {
  salon_Pool pool;
  salon_Poller *poller = salon_poller_new();
  (void)state;
  assert_non_null(poller);
  salon_pool_open(&pool, poller);
  pool.keeps = true; /* whatever this libcurl is */
  pool.swept = 1000; /* all at one moment: no look after a while */
  for (int i = 0; i < 600; i++) assert_true(use(&pool, NULL, 1000));
  assert_true(pool.count < 512);
  assert_true(use(&pool, config, 1000));
  assert_false(use(&pool, config, 1000));
  salon_pool_free(&pool);
  salon_poller_free(poller);
}

static void as_do_those_of_a_client_that_had_several(void **state) {
  salon_Pool pool;
  salon_Poller *poller = salon_poller_new();
  salon_Config *test = config;
  salon_Exchange *x[3];
  (void)state;
  assert_non_null(poller);
  salon_pool_open(&pool, poller);
  pool.keeps = true;
  pool.swept = 1000;
  config = salon_config_new();
  for (int i = 0; i < 3; i++) {
    x[i] = make("GET", "http://127.0.0.1/", NULL);
    assert_true(salon_pool_get(&pool, x[i]));
  }
  for (int i = 0; i < 3; i++) {
    salon_pool_put(&pool, x[i]->transfer, 1000);
    salon_exchange_unref(x[i]);
  }
  assert_true(use(&pool, test, 1020)); /* looks through the others */
  assert_int_equal(pool.count, 4);     /* they have a client */
  salon_config_unref(config);
  config = test;
  assert_false(use(&pool, config, 1040));
  assert_int_equal(pool.count, 1);
  salon_pool_free(&pool);
  salon_poller_free(poller);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(handles_of_clients_that_are_gone_leave_their_place),
    TEST(as_do_those_of_a_client_that_had_several),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
