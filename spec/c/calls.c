/* See calls.h. */

#include "calls.h"

#include <dirent.h>
#include <unistd.h>

salon_Config *config;
salon_Mailbox *mailbox;

static int open_before;

int descriptors(void) {
  DIR *d = opendir("/proc/self/fd");
  int n = -3;              /* ".", ".." and the folder itself */
  if (d == NULL) return 0; /* no such folder here: nothing to compare */
  while (readdir(d) != NULL) n++;
  closedir(d);
  return n;
}

int descriptors_left(int before) {
  int left = descriptors() - before;
  for (int i = 0; left != 0 && i < 5000; i++) {
    usleep(1000);
    left = descriptors() - before;
  }
  return left;
}

int setup(void **state) {
  (void)state;
  open_before = descriptors();
  salon_engine_enter();
  config = salon_config_new();
  mailbox = salon_mailbox_new();
  config->retry.base = 0.001;
  config->retry.cap = 0.01;
  return config == NULL || mailbox == NULL;
}

int teardown(void **state) {
  (void)state;
  salon_engine_leave();
  salon_mailbox_unref(mailbox);
  salon_config_unref(config);
  int left = descriptors_left(open_before);
  if (left != 0) fprintf(stderr, "%d descriptors were left open\n", left);
  return left;
}

salon_Exchange *make(const char *method, const char *url, const char *body) {
  salon_Target target;
  assert_null(salon_url_target(url, &target));
  salon_Exchange *x = salon_exchange_new(config, method, &target, NULL, body,
                                         body == NULL ? 0 : strlen(body));
  assert_non_null(x);
  return x;
}

salon_Exchange *begin(const char *method, const char *url, const char *body,
                      double seconds) {
  salon_Exchange *x = make(method, url, body);
  x->deadline = salon_now() + seconds;
  assert_true(salon_engine_submit(x, mailbox));
  return x;
}

salon_Exchange *finish(salon_Exchange *x) {
  double until = salon_now() + 30;
  while (!salon_mailbox_wait(mailbox, x, 1))
    if (salon_now() > until) fail_msg("%s never finishes", x->url);
  return x;
}

salon_Exchange *call(const char *method, const char *url, const char *body) {
  return finish(begin(method, url, body, 10));
}

void end(salon_Exchange *x) { salon_exchange_unref(x); }

void assert_answers(const char *url) {
  salon_Exchange *x = call("GET", url, NULL);
  if (x->kind != SALON_OK) fail_msg("%s: %s", url, x->message);
  assert_int_equal(x->status, 200);
  end(x);
}

void assert_failed(const salon_Exchange *x, salon_Kind kind,
                   salon_Outcome outcome, int attempts) {
  assert_string_equal(salon_kind_name(x->kind), salon_kind_name(kind));
  assert_string_equal(salon_outcome_name(x->outcome),
                      salon_outcome_name(outcome));
  assert_int_equal(x->attempts, attempts);
  assert_true(x->message[0] != '\0');
}

void assert_says(const salon_Exchange *x, const char *part) {
  if (strstr(x->message, part) == NULL)
    fail_msg("'%s' does not say '%s'", x->message, part);
}
