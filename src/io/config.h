/* What a client sends its calls with. Shared by counted references, so that a
** Client may be collected while its calls are under way. Not to break: it is
** immutable from its first call on, but for what is the I/O thread's own, which
** reads it without a lock; and handles of the pool are set up for one config,
** which they recognise by its address. No option of a client sets idle_timeout,
** max_header, max_in_flight and retry_reserve: tests do. */
#ifndef SALON_CONFIG_H
#define SALON_CONFIG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "retry.h"
#include "url.h"

typedef enum {
  SALON_HTTP_AUTO, /* HTTP/2 over TLS when the server offers it */
  SALON_HTTP_1_1,
  SALON_HTTP_2
} salon_HttpVersion;

enum { SALON_MAX_IN_FLIGHT = 1024 };

typedef struct salon_Config {
  atomic_int refs;
  uint64_t answered; /* origins that have answered, a bit for each hash of one;
                     ** the I/O thread's own */
  int idle;          /* handles in the pool that are set up for it; the same */
  char *user_agent;  /* owned texts; NULL = libcurl's default */
  char *ca_file;
  char *ca_path;
  char *client_cert;
  char *client_key;            /* NULL: in client_cert */
  char *client_key_password;   /* overwritten on release; so are the proxies */
  char *proxy[SALON_SCHEMES];  /* NULL = none: the environment is read on the
                              ** Lua thread only, getenv races setenv */
  bool proxy_from_environment; /* then none for loopback */
  char *no_proxy;
  double connect_timeout; /* seconds, look-up and TLS included */
  double idle_timeout;    /* seconds a connection may idle and be reused */
  size_t max_body;        /* bytes, decoded */
  size_t max_header;      /* bytes of one response's header block */
  int max_in_flight;      /* calls at a time, whole process */
  int max_per_origin;
  double max_rate;        /* requests a second to one origin; 0 = any */
  double retry_reserve;   /* repeats that an origin can bear at the start */
  double silence_timeout; /* seconds without a byte; 0 = any */
  salon_HttpVersion http_version;
  bool watched;          /* each try is noted, for those who want to be told */
  salon_RetryPlan retry; /* the plan that each exchange starts from */
} salon_Config;

salon_Config *salon_config_new(void); /* defaults, one reference; or NULL */
salon_Config *salon_config_ref(salon_Config *c);
void salon_config_unref(salon_Config *c);

#endif
