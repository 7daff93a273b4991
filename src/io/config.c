/* See config.h. The defaults are those of the documentation; which of them a
** client can set is for the Lua side to say. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "wipe.h"

salon_Config *salon_config_new(void) {
  salon_Config *c = calloc(1, sizeof(*c));
  if (c == NULL) return NULL;
  atomic_init(&c->refs, 1);
  c->connect_timeout = 10;
  c->idle_timeout = 3; /* OpenTalk's server closes idle ones after 5 s */
  c->max_body = (size_t)16 << 20;
  c->max_header = (size_t)256 << 10;
  c->max_in_flight = SALON_MAX_IN_FLIGHT;
  c->max_per_origin = 256;
  c->retry_reserve = 100;
  c->http_version = SALON_HTTP_AUTO;
  c->retry = (salon_RetryPlan){
    .max_tries = 4, .base = 0.25, .cap = 8, .retry_after_cap = 30};
  return c;
}

salon_Config *salon_config_ref(salon_Config *c) {
  atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
  return c;
}

static void free_secret(char *text) {
  if (text != NULL) salon_wipe_free(text, strlen(text));
}

void salon_config_unref(salon_Config *c) {
  if (c == NULL) return;
  if (atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1) return;
  free(c->user_agent);
  free(c->ca_file);
  free(c->ca_path);
  free(c->client_cert);
  free(c->client_key);
  free_secret(c->client_key_password);
  for (int i = 0; i < SALON_SCHEMES; i++) free_secret(c->proxy[i]);
  free(c->no_proxy);
  free(c);
}
