/* See engine.h. The engine is the only mutable global of the module.
**
** Three owners: `mutex` guards what callers and the thread share (new calls,
** what is to be cancelled, whether the thread sleeps); everything else in
** Engine is the thread's alone, so that callbacks need no lock; and
** `work_mutex` keeps a fork away while the thread works. Not to break: locks
** are taken in the order fork_mutex, work_mutex, mutex, and nothing that may
** block or call back is called under `mutex`. */
#include "engine.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "curlcompat.h"
#include "file.h"
#include "guards.h"
#include "origin.h"
#include "pid.h"
#include "poller.h"
#include "timers.h"
#include "transfer.h"

/* Connections that libcurl may keep. It counts the busy ones among them: with more
** calls under way than that, it would close one after every response. */
enum { MAX_CONNECTIONS = SALON_MAX_IN_FLIGHT + 512 };

/* New calls, and ready sockets, that one round takes on. Results are delivered
** once a round: if it took on all there is, callers would stand still while the
** thread works, and the thread while they do. */
enum { BATCH = 8 };

typedef struct Engine {
  pthread_t thread;
  salon_Wake wake; /* ends the thread's sleep */
  /* guarded by the mutex */
  salon_List incoming; /* of exchanges, a reference each */
  bool anything_cancelled;
  bool stopping;
  bool sleeping; /* the thread is, or is about to be, in its poller */
  /* the thread's own */
  CURLM *multi;
  salon_Poller *poller;
  salon_Pool pool;
  salon_Origins origins;
  salon_Timers timers;
  /* all that was taken on and is not finished, oldest first: as those that wait
  ** for a slot stand in line, so that cancelling all of them finds each at once */
  salon_Exchange *live, *live_last;
  salon_List done;   /* finished in this round, not delivered yet */
  double curl_at;    /* when libcurl wants to be called; < 0 = never */
  double nudge_at;   /* when to call it unasked; < 0 = nothing connects */
  unsigned openings; /* of the pool, when last looked at */
  uint64_t random;
} Engine;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
/* The thread holds `work_mutex` except while it sleeps. A fork takes it and
** thus waits until no lock of OpenSSL or libcurl is held: in the child nobody
** would ever release it. Mutexes are not fair, and the thread would have this
** one again before the other has woken up: whoever wants it queues at
** `fork_mutex`. */
static pthread_mutex_t fork_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t work_mutex = PTHREAD_MUTEX_INITIALIZER;
static Engine *engine;     /* NULL = not running */
static atomic_int owner;   /* pid of the process that all this belongs to */
static int states;         /* Lua states that have entered */
static bool exiting;       /* exit handlers run: no new engine */
static bool watches_forks; /* the handlers are in place */
static bool initialised;   /* so is libcurl, and that of exit */

/* ---- small parts ---- */

static void add_live(Engine *e, salon_Exchange *x) {
  x->live_prev = e->live_last;
  x->live_next = NULL;
  *(x->live_prev != NULL ? &x->live_prev->live_next : &e->live) = x;
  e->live_last = x;
}

static void remove_live(Engine *e, salon_Exchange *x) {
  salon_Exchange *before = x->live_prev, *after = x->live_next;
  *(before != NULL ? &before->live_next : &e->live) = after;
  *(after != NULL ? &after->live_prev : &e->live_last) = before;
}

static double random_fraction(Engine *e) { /* xorshift: jitter, no secret */
  e->random ^= e->random << 13;
  e->random ^= e->random >> 7;
  e->random ^= e->random << 17;
  return (double)(e->random >> 11) / 9007199254740992.0;
}

static salon_Exchange *of_timer(salon_Timer *t) {
  return (salon_Exchange *)((char *)t - offsetof(salon_Exchange, timer));
}

/* ---- the life of one exchange, on the thread ----
**
** NEW -> WAITING for a slot -> RUNNING -> PAUSED -> WAITING or RUNNING ... ->
** DONE. Between two steps every live exchange has a timer, so that none can be
** lost: its deadline while it waits, its next check while it runs, the end of
** its pause. */

/* Gives back slot and handle. */
static void release(Engine *e, salon_Exchange *x, double now) {
  if (x->state == SALON_STATE_WAITING) {
    salon_origins_withdraw(&e->origins, x, now);
  } else if (x->state == SALON_STATE_RUNNING) {
    salon_exchange_note_end(x, now);
    if (x->transfer != NULL) {
      curl_multi_remove_handle(e->multi, x->transfer->easy);
      salon_pool_put(&e->pool, x->transfer, now);
    }
    salon_origins_leave(&e->origins, x, now);
  }
}

/* CURL_MAX_INPUT_LENGTH, which libcurl keeps to itself. */
static bool is_too_long(const salon_Exchange *x) {
  return strlen(x->url) > 8000000;
}

static bool is_retryable(const salon_Exchange *x) {
  if (x->kind == SALON_OK)
    return salon_retry_safe_status(x->method, (int)x->status);
  bool unsent = x->outcome == SALON_UNSENT;
  bool passing = x->kind == SALON_NETWORK || x->kind == SALON_TIMEOUT ||
                 (x->kind == SALON_LIMIT && unsent && !is_too_long(x));
  return passing && salon_retry_safe_loss(x->method, unsent);
}

/* At once, and not when the collector gets round to the request: a file is
** locked, and may have to be opened again. */
static void let_go_of_files(salon_Exchange *x) {
  salon_file_unref(x->upload);
  salon_file_unref(x->download);
  x->upload = x->download = NULL;
}

static void finish(Engine *e, salon_Exchange *x) {
  x->retryable = is_retryable(x);
  let_go_of_files(x);
  x->state = SALON_STATE_DONE;
  salon_timers_remove(&e->timers, &x->timer);
  remove_live(e, x);
  salon_list_push(&e->done, &x->node);
}

static void fail(Engine *e, salon_Exchange *x, salon_Kind kind,
                 const char *message) {
  x->kind = kind;
  strncpy(x->message, message, sizeof(x->message) - 1);
  finish(e, x);
}

/* When a running call is to be looked at, unless libcurl finishes it before. */
static double next_check(const salon_Exchange *x) {
  double limit = x->silence_timeout;
  if (limit <= 0) return x->deadline;
  double silent = (x->active_at > 0 ? x->active_at : salon_now()) + limit;
  return silent < x->deadline ? silent : x->deadline;
}

/* One try, in the slot that `x` holds. */
static void begin_try(Engine *e, salon_Exchange *x) {
  x->state = SALON_STATE_RUNNING;
  salon_exchange_rewind(x);
  x->attempts++;
  salon_exchange_note_begin(x, salon_now());
  bool ready = salon_pool_get(&e->pool, x) &&
               salon_timers_set(&e->timers, &x->timer, next_check(x));
  if (ready && curl_multi_add_handle(e->multi, x->transfer->easy) == CURLM_OK)
    return;
  release(e, x, salon_now());
  fail(e, x, SALON_LIMIT,
       is_too_long(x) ? "the URL is too long for libcurl"
                      : "not enough memory for a request");
}

/* Begins a try, or waits for a slot. */
static void enter(Engine *e, salon_Exchange *x) {
  if (salon_origins_enter(&e->origins, x, salon_now())) {
    begin_try(e, x);
    return;
  }
  x->state = SALON_STATE_WAITING;
  if (!salon_timers_set(&e->timers, &x->timer, x->deadline)) {
    salon_origins_withdraw(&e->origins, x, salon_now());
    fail(e, x, SALON_LIMIT, "not enough memory for a timer");
  }
}

static bool body_starts_with(const salon_Exchange *x, const char *prefix) {
  if (prefix == NULL) return true;
  size_t n = strlen(prefix);
  return x->content.len >= n && memcmp(x->content.data, prefix, n) == 0;
}

/* The origin's bit in what its config remembers of servers that have
** answered. */
static uint64_t origin_bit(const salon_Exchange *x) {
  return (uint64_t)1 << (x->origin_hash % 64);
}

/* A call with a file may have a distant deadline: a dead server is not waited for
** as long as that. */
static bool has_file(const salon_Exchange *x) {
  return x->upload != NULL || x->download != NULL;
}

/* The pause before the next try; < 0 = there is none. While `x` holds its slot,
** as that names the origin whose budget a repeat is taken from. */
static double next_pause(Engine *e, salon_Exchange *x, bool transient) {
  double now = salon_now();
  bool has_part = x->download != NULL && x->download->at > 0;
  if (x->hands_over && x->kind != SALON_OK && has_part) return -1;
  salon_RetryInput in = {
    .tries = x->attempts,
    .repeats = x->repeats,
    .status = x->kind == SALON_OK ? (int)x->status : 0,
    .unsent = !x->sent,
    .transient = transient,
    .read = salon_retry_is_read(x->method),
    .patient = x->refused && !has_file(x) &&
               (x->config->answered & origin_bit(x)) != 0,
    .repeat_matches = body_starts_with(x, x->repeat_prefix),
    .retry_after = (double)x->retry_after,
    .now = now,
    .deadline = x->deadline,
    .random = random_fraction(e),
  };
  double pause = salon_retry_decide(&x->plan, &in);
  if (pause < 0 || !salon_origins_spend(x, now)) return -1;
  if (salon_retry_is_repeat(&x->plan, &in)) x->repeats++;
  return pause;
}

/* A try is over: its slot is free during the pause, if there is another. */
static void end_try(Engine *e, salon_Exchange *x, bool transient) {
  if (x->status != 0) x->config->answered |= origin_bit(x);
  double pause = next_pause(e, x, transient), now = salon_now();
  release(e, x, now);
  x->state = SALON_STATE_PAUSED;
  if (pause < 0 || !salon_timers_set(&e->timers, &x->timer, now + pause))
    finish(e, x);
}

/* Before its deadline: the server has been silent for too long, or something
** has moved since this check was set. */
static void check_silence(Engine *e, salon_Exchange *x, double now) {
  double limit = x->silence_timeout;
  bool counts = limit > 0 && x->active_at > 0;
  if (counts && salon_transfer_is_uploading(x->transfer)) x->active_at = now;
  if (counts && now >= x->active_at + limit) {
    salon_transfer_stalled(x->transfer, limit);
    end_try(e, x, true);
  } else {
    salon_timers_set(&e->timers, &x->timer, next_check(x));
  }
}

/* Its timer is due. */
static void wake_up(Engine *e, salon_Exchange *x, double now) {
  bool running = x->state == SALON_STATE_RUNNING;
  if (x->state == SALON_STATE_PAUSED) {
    salon_timers_remove(&e->timers, &x->timer);
    enter(e, x);
  } else if (running && x->transfer->unwatched != 0) {
    x->transfer->os_error = x->transfer->unwatched;
    end_try(e, x, salon_transfer_conclude(x->transfer, CURLE_OUT_OF_MEMORY));
  } else if (running && now < x->deadline) {
    check_silence(e, x, now);
  } else if (running) {
    salon_transfer_timed_out(x->transfer);
    release(e, x, now);
    finish(e, x);
  } else {
    release(e, x, now);
    fail(e, x, SALON_TIMEOUT, "timed out while waiting for its turn");
  }
}

static void cancel(Engine *e, salon_Exchange *x, double now) {
  if (x->state == SALON_STATE_RUNNING) salon_transfer_note_outcome(x->transfer);
  release(e, x, now);
  fail(e, x, SALON_CANCELLED, "cancelled");
}

/* ---- between libcurl and the poller ---- */

_Static_assert(
  SALON_POLL_IN == CURL_CSELECT_IN && SALON_POLL_OUT == CURL_CSELECT_OUT &&
    SALON_POLL_ERR == CURL_CSELECT_ERR && SALON_POLL_IN == CURL_POLL_IN &&
    SALON_POLL_OUT == CURL_POLL_OUT,
  "what libcurl and the poller say to each other is not translated");

/* -1 would make libcurl abort all transfers there are. Only the one whose socket
** cannot be watched ends, and not within a callback: its timer is due now (it has
** one while it runs, so this allocates nothing). libcurl has handles of its own,
** too, without a transfer. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user,
                     void *own) {
  Engine *e = user;
  salon_Transfer *t = NULL;
  (void)own;
  int events = what == CURL_POLL_REMOVE ? 0 : what;
  if (salon_poller_want(e->poller, fd, events)) return 0;
  int why = errno;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
  if (t == NULL || t->exchange == NULL || events == 0) return 0;
  t->unwatched = why;
  salon_timers_set(&e->timers, &t->exchange->timer, salon_now());
  return 0;
}

static int on_timer(CURLM *multi, long ms, void *user) {
  Engine *e = user;
  (void)multi;
  e->curl_at = ms < 0 ? -1 : salon_now() + (double)ms / 1000;
  return 0;
}

/* Lets libcurl work on one socket, or on its timers. (With 1,000 calls pending,
** curl_multi_perform would look at each of them for every byte of one.) */
static void act(Engine *e, curl_socket_t fd, int events) {
  int running;
  curl_multi_socket_action(e->multi, fd, events, &running);
  if (!SALON_HAS(SOCKET_ACTION)) curl_multi_perform(e->multi, &running);
}

static void read_results(Engine *e) {
  CURLMsg *m;
  int left;
  while ((m = curl_multi_info_read(e->multi, &left)) != NULL) {
    if (m->msg != CURLMSG_DONE) continue;
    CURLcode code = m->data.result; /* `m` is gone once its handle is */
    salon_Transfer *t;
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
    end_try(e, t->exchange, salon_transfer_conclude(t, code));
  }
}

/* ---- the thread's rounds ---- */

static void run_timers(Engine *e, double now) {
  salon_Timer *t;
  while ((t = salon_timers_first(&e->timers)) != NULL && t->at <= now)
    wake_up(e, of_timer(t), now);
}

static void fill_slots(Engine *e) {
  salon_Exchange *x;
  while (e->origins.turns.first != NULL &&
         (x = salon_origins_next(&e->origins, salon_now())) != NULL)
    begin_try(e, x);
}

/* One delivery per mailbox and round: each may wake somebody. */
static void deliver(Engine *e) {
  while (e->done.first != NULL) {
    salon_Mailbox *m = salon_exchange_of(e->done.first)->mailbox;
    salon_List its = {NULL, NULL}, rest = {NULL, NULL};
    for (salon_Node *n; (n = salon_list_pop(&e->done)) != NULL;)
      salon_list_push(salon_exchange_of(n)->mailbox == m ? &its : &rest, n);
    e->done = rest;
    salon_mailbox_deliver(m, its);
  }
}

static void cancel_requested(Engine *e, double now) {
  for (salon_Exchange *x = e->live, *next; x != NULL; x = next) {
    next = x->live_next;
    if (atomic_load_explicit(&x->cancelled, memory_order_relaxed))
      cancel(e, x, now);
  }
}

/* Takes on a batch of what was submitted; all of it when something is to be
** cancelled, since that may be any of them. False: time to stop. */
static bool take_incoming(Engine *e) {
  salon_List taken = {NULL, NULL};
  pthread_mutex_lock(&mutex);
  e->sleeping = false;
  bool cancelled = e->anything_cancelled, stopping = e->stopping;
  e->anything_cancelled = false;
  for (int n = cancelled || stopping ? INT_MAX : BATCH; n > 0; n--) {
    salon_Node *node = salon_list_pop(&e->incoming);
    if (node == NULL) break;
    salon_list_push(&taken, node);
  }
  pthread_mutex_unlock(&mutex);
  for (salon_Node *n; (n = salon_list_pop(&taken)) != NULL;) {
    add_live(e, salon_exchange_of(n));
    enter(e, salon_exchange_of(n));
  }
  if (cancelled) cancel_requested(e, salon_now());
  return !stopping;
}

static bool is_connecting(const Engine *e) {
  for (const salon_Exchange *x = e->live; x != NULL; x = x->live_next)
    if (x->state == SALON_STATE_RUNNING && x->opened && !x->sent) return true;
  return false;
}

/* libcurl's event mode sets no timer for giving up on one of several addresses
** (7.88 does not; curl issue 11920): it is called now and then while anything
** connects. Only this function makes it look, though it is deprecated. */
static void nudge(Engine *e, double now) {
  static const double interval = 0.2;
  if (e->openings != e->pool.openings && SALON_HAS(NEXT_ADDRESS)) {
    e->openings = e->pool.openings;
    if (e->nudge_at < 0) e->nudge_at = now + interval;
  }
  if (e->nudge_at < 0 || now < e->nudge_at) return;
  e->nudge_at = is_connecting(e) ? now + interval : -1;
  if (e->nudge_at < 0) return;
  int running;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  curl_multi_socket_all(e->multi, &running);
#pragma GCC diagnostic pop
}

static double earlier(double a, double b) {
  return b >= 0 && (a < 0 || b < a) ? b : a;
}

/* Seconds; < 0 = until somebody wakes it. */
static double time_to_sleep(Engine *e, double now) {
  double until = earlier(e->curl_at, e->nudge_at);
  salon_Timer *t = salon_timers_first(&e->timers);
  if (t != NULL) until = earlier(until, t->at);
  until = earlier(until, salon_origins_when(&e->origins));
  if (until < 0) return -1;
  return until > now ? until - now : 0;
}

static void lock_work(void) {
  pthread_mutex_lock(&fork_mutex);
  pthread_mutex_lock(&work_mutex);
  pthread_mutex_unlock(&fork_mutex);
}

/* A wake-up is not lost: who submits either is seen here, under the mutex, or
** sees `sleeping` and signals. */
static void sleep_and_act(Engine *e) {
  salon_Ready ready[BATCH];
  double seconds = time_to_sleep(e, salon_now());
  pthread_mutex_lock(&mutex);
  bool idle = e->incoming.first == NULL && !e->anything_cancelled &&
              !e->stopping;
  e->sleeping = idle;
  pthread_mutex_unlock(&mutex);
  pthread_mutex_unlock(&work_mutex);
  size_t n = salon_poller_wait(e->poller, ready, BATCH, idle ? seconds : 0);
  lock_work();
  for (size_t i = 0; i < n; i++) {
    if (ready[i].fd == e->wake.read_fd)
      salon_wake_clear(&e->wake);
    else
      act(e, ready[i].fd, ready[i].events);
  }
}

static void round_trip(Engine *e) {
  double now = salon_now();
  run_timers(e, now);
  fill_slots(e);
  if (e->curl_at >= 0 && e->curl_at <= now) {
    e->curl_at = -1; /* first: the call sets the next one */
    act(e, CURL_SOCKET_TIMEOUT, 0);
  }
  nudge(e, now);
  read_results(e);
  fill_slots(e); /* those that the results have freed */
  deliver(e);
}

static void cancel_all(Engine *e) {
  double now = salon_now();
  while (e->live != NULL) cancel(e, e->live, now);
  deliver(e);
}

/* On the I/O thread: closing TLS connections writes to peers that may be gone,
** and only there SIGPIPE is blocked. */
static void close_curl(Engine *e) {
  salon_pool_free(&e->pool);
  curl_multi_cleanup(e->multi);
  e->multi = NULL;
}

static void *thread_main(void *user) {
  Engine *e = user;
  lock_work();
  while (take_incoming(e)) {
    round_trip(e);
    sleep_and_act(e);
  }
  cancel_all(e);
  close_curl(e);
  pthread_mutex_unlock(&work_mutex);
  return NULL;
}

/* ---- starting and stopping ---- */

static void stop_at_exit(void);

static void watch_forks(void);

static void init_once(void) {
  watch_forks();
  lock_work(); /* a fork waits: its child would find libcurl's own lock taken */
  initialised = watches_forks &&
                curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  pthread_mutex_unlock(&work_mutex);
  /* after libcurl has initialised OpenSSL, so that it runs before OpenSSL's
  ** own: exit() with a live TLS thread crashes every other time */
  if (SALON_HAS(EXIT_HANDLER))
    initialised = initialised && atexit(stop_at_exit) == 0;
}

static void engine_free(Engine *e) {
  if (e->multi != NULL) curl_multi_cleanup(e->multi);
  salon_poller_free(e->poller);
  salon_origins_free(&e->origins);
  salon_timers_free(&e->timers);
  salon_wake_close(&e->wake);
  free(e);
}

static void set_multi(Engine *e) {
  curl_multi_setopt(e->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(e->multi, CURLMOPT_SOCKETDATA, e);
  curl_multi_setopt(e->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(e->multi, CURLMOPT_TIMERDATA, e);
  curl_multi_setopt(e->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
  curl_multi_setopt(e->multi, CURLMOPT_MAXCONNECTS, (long)MAX_CONNECTIONS);
}

/* Without any signal: they belong to the threads of the host. */
static int spawn(Engine *e) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(&e->thread, NULL, thread_main, e);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return failed;
}

static Engine *engine_new(void) {
  Engine *e = calloc(1, sizeof(*e));
  if (e == NULL) return NULL;
  e->wake = (salon_Wake)SALON_WAKE_CLOSED;
  e->curl_at = e->nudge_at = -1;
  e->random = ((uint64_t)getpid() << 32) ^ (uint64_t)time(NULL) ^ 0x9e3779b9u;
  e->poller = salon_poller_new();
  salon_pool_open(&e->pool, e->poller);
  e->multi = curl_multi_init();
  bool ok = e->poller != NULL && e->multi != NULL && salon_wake_open(&e->wake);
  ok = ok && salon_poller_want(e->poller, e->wake.read_fd, SALON_POLL_IN);
  if (ok) {
    set_multi(e);
    int failed = spawn(e);
    if (failed == 0) return e;
    errno = failed;
  }
  int why = errno;
  engine_free(e);
  errno = why;
  return NULL;
}

bool salon_same_process(pid_t pid) {
  return !SALON_HAS(FORK_CHECK) || pid == salon_pid();
}

/* A forked child starts afresh: what the engine held (descriptors, libcurl's
** memory) is its parent's, to be left alone. */
static void start_afresh(void) {
  engine = NULL;
  atomic_store(&owner, salon_pid());
}

/* For a child of clone(), which no handler sees: its locks are in any state. */
static void notice_fork(void) {
  pid_t pid = atomic_load(&owner);
  if (pid == 0 || salon_same_process(pid)) return;
  pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
  memcpy(&fork_mutex, &fresh, sizeof(fresh));
  memcpy(&work_mutex, &fresh, sizeof(fresh));
  memcpy(&mutex, &fresh, sizeof(fresh));
  start_afresh();
}

/* Every entry of the module comes through here. */
static void lock(void) {
  notice_fork();
  pthread_mutex_lock(&mutex);
  if (atomic_load(&owner) == 0) atomic_store(&owner, salon_pid());
}

/* So that the child is made while the thread sleeps. */
static void before_fork(void) {
  notice_fork();
  pthread_mutex_lock(&fork_mutex);
  pthread_mutex_lock(&work_mutex);
  pthread_mutex_lock(&mutex);
}

static void after_fork(void) {
  pthread_mutex_unlock(&mutex);
  pthread_mutex_unlock(&work_mutex);
  pthread_mutex_unlock(&fork_mutex);
}

/* While it has one thread: several might all find the parent's locks, and each
** take away what the one before has locked. */
static void after_fork_in_child(void) {
  after_fork();
  start_afresh();
}

static void watch_forks_once(void) {
  watches_forks = pthread_atfork(before_fork, after_fork,
                                 after_fork_in_child) == 0;
}

static void watch_forks(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, watch_forks_once);
}

bool salon_engine_submit(salon_Exchange *x, salon_Mailbox *m) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, init_once);
  if (!initialised) {
    errno = ENOMEM;
    return false;
  }
  lock();
  if (exiting) errno = ECANCELED;
  if (engine == NULL && !exiting) engine = engine_new();
  Engine *e = exiting ? NULL : engine;
  bool wake = false;
  if (e != NULL) {
    x->mailbox = m;
    salon_mailbox_expect(m);
    salon_list_push(&e->incoming, &salon_exchange_ref(x)->node);
    wake = e->sleeping;
    e->sleeping = false;
    if (wake)
      salon_wake_signal(&e->wake); /* under the lock: `e` may go after */
  }
  pthread_mutex_unlock(&mutex);
  return e != NULL;
}

void salon_engine_cancel(salon_Exchange *x) {
  if (!salon_same_process(x->pid) || x->mailbox == NULL ||
      salon_exchange_finished(x))
    return;
  lock();
  atomic_store_explicit(&x->cancelled, true, memory_order_relaxed);
  if (engine != NULL) {
    engine->anything_cancelled = true;
    if (engine->sleeping) salon_wake_signal(&engine->wake);
    engine->sleeping = false;
  }
  pthread_mutex_unlock(&mutex);
}

/* Takes the engine away from everybody and joins it; called with the mutex,
** returns without. What it frees at the end may take locks of libcurl, too: not
** beside a fork. */
static void stop_and_unlock(void) {
  Engine *e = engine;
  engine = NULL;
  if (e != NULL) {
    e->stopping = true;
    salon_wake_signal(&e->wake);
  }
  pthread_mutex_unlock(&mutex);
  if (e == NULL) return;
  pthread_join(e->thread, NULL);
  lock_work();
  engine_free(e);
  pthread_mutex_unlock(&work_mutex);
}

void salon_engine_stop(void) {
  lock();
  stop_and_unlock();
}

void salon_engine_enter(void) {
  watch_forks();
  lock();
  states++;
  pthread_mutex_unlock(&mutex);
}

void salon_engine_leave(void) {
  lock();
  if (--states == 0)
    stop_and_unlock();
  else
    pthread_mutex_unlock(&mutex);
}

static void stop_at_exit(void) {
  lock();
  exiting = true;
  stop_and_unlock();
}
