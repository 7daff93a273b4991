/* The heap of timers against a list that is searched from end to end. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "io/timers.h"

enum { MANY = 300 };

static void
the_earliest_comes_first_whatever_is_set_moved_and_removed(void **state) {
  (void)state;
  salon_Timers heap = {NULL, 0, 0};
  salon_Timer timers[MANY] = {{0, 0}};
  srand(1);
  for (int round = 0; round < 20000; round++) {
    salon_Timer *t = &timers[rand() % MANY];
    if (rand() % 3 == 0)
      salon_timers_remove(&heap, t);
    else
      assert_true(salon_timers_set(&heap, t, rand() % 1000));
    size_t count = 0;
    double first = 1e9;
    for (int i = 0; i < MANY; i++) {
      if (timers[i].place == 0) continue;
      count++;
      if (timers[i].at < first) first = timers[i].at;
    }
    assert_int_equal(heap.count, count);
    if (count == 0)
      assert_null(salon_timers_first(&heap));
    else
      assert_true(salon_timers_first(&heap)->at == first);
  }
  salon_timers_free(&heap);
}

static void removing_what_is_not_there_does_nothing(void **state) {
  (void)state;
  salon_Timers heap = {NULL, 0, 0};
  salon_Timer a = {0, 0}, b = {0, 0};
  salon_timers_remove(&heap, &a);
  assert_true(salon_timers_set(&heap, &a, 1));
  salon_timers_remove(&heap, &b);
  salon_timers_remove(&heap, &a);
  salon_timers_remove(&heap, &a);
  assert_null(salon_timers_first(&heap));
  salon_timers_free(&heap);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(
      the_earliest_comes_first_whatever_is_set_moved_and_removed),
    cmocka_unit_test(removing_what_is_not_there_does_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
