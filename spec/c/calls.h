/* Calls without Lua: one config and one mailbox per test, and short names for
** what a test does with them. Meant as cmocka fixtures; the teardown fails a
** test that left a descriptor open. */

#ifndef SALON_SPEC_CALLS_H
#define SALON_SPEC_CALLS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/clock.h"
#include "io/config.h"
#include "io/engine.h"
#include "io/exchange.h"
#include "io/mailbox.h"
#include "server.h"

extern salon_Config *config; /* retries at once, otherwise the defaults */
extern salon_Mailbox *mailbox;

int setup(void **state);
int teardown(void **state);

/* A call that is not submitted; `body` may be NULL. */
salon_Exchange *make(const char *method, const char *url, const char *body);

/* Begins a call; `body` may be NULL, `seconds` is its deadline from now. */
salon_Exchange *begin(const char *method, const char *url, const char *body,
                      double seconds);

/* Waits until it has finished, and fails the test when it never does. */
salon_Exchange *finish(salon_Exchange *x);

/* Both, with ten seconds. */
salon_Exchange *call(const char *method, const char *url, const char *body);

/* Gives a finished call back. */
void end(salon_Exchange *x);

/* A GET that must answer 200. */
void assert_answers(const char *url);

void assert_failed(const salon_Exchange *x, salon_Kind kind,
                   salon_Outcome outcome, int attempts);
void assert_says(const salon_Exchange *x, const char *part);

int descriptors(void); /* open ones of this process */

/* How many more than `before`, once the server's thread and those of libcurl's
** resolver have closed theirs. */
int descriptors_left(int before);

/* How much longer things may take: under a sanitizer, and under valgrind, where
** SALON_SLOW is set. */
static inline double slower(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 10;
#else
  return getenv("SALON_SLOW") != NULL ? 20 : 1;
#endif
}

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
