/* See engine.h. The one engine is the only mutable global of the module.
**
** One mutex guards the hand-over in both directions of life: what is new,
** what is to be cancelled, who owns the thread. The thread itself works
** without it: live exchanges, timers, slots and handles are its own. */
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
#include "origin.h"
#include "pid.h"
#include "poller.h"
#include "remedy.h"
#include "timers.h"
#include "transfer.h"

enum { MAX_IDLE = 512 }; /* connections that wait for their next call */

/* New calls, and sockets with news, that one round takes on. Results are
** delivered once a round: with all at a time the others, who wait for them,
** would stand still while the thread works, and it while they do. */
enum { HANDFUL = 8 };

typedef struct Engine {
  pthread_t thread;
  salon_Wake wake;
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
  salon_Exchange *live; /* all that was handed over and is not finished */
  salon_List done;      /* finished in this round, not delivered yet */
  double curl_at;       /* when libcurl wants to be called; < 0 = never */
  long connections;     /* that libcurl may keep open */
  uint64_t random;
} Engine;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
/* `busy` is held by the thread but while it sleeps, so that a fork can wait
** until no lock of OpenSSL or libcurl is taken: in the child nobody would ever
** give it back. `gate` lets the one who forks go first. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t busy = PTHREAD_MUTEX_INITIALIZER;
static Engine *engine;   /* NULL = not running */
static atomic_int owner; /* pid of the process that all this belongs to */
static int states;
static bool exiting;

/* ---- small parts ---- */

static void go_live(Engine *e, salon_Exchange *x) {
  x->live_prev = NULL;
  x->live_next = e->live;
  if (e->live != NULL) e->live->live_prev = x;
  e->live = x;
}

static void leave_live(Engine *e, salon_Exchange *x) {
  if (x->live_prev != NULL)
    x->live_prev->live_next = x->live_next;
  else
    e->live = x->live_next;
  if (x->live_next != NULL) x->live_next->live_prev = x->live_prev;
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

/* ---- the life of one exchange, on the thread ---- */

/* Gives back slot and handle. */
static void release(Engine *e, salon_Exchange *x, double now) {
  if (x->state == SALON_STATE_WAITING) {
    salon_origins_withdraw(&e->origins, x, now);
  } else if (x->state == SALON_STATE_RUNNING) {
    if (x->transfer != NULL) {
      curl_multi_remove_handle(e->multi, x->transfer->easy);
      salon_pool_put(&e->pool, x->transfer, now);
    }
    salon_origins_leave(&e->origins, x, now);
  }
}

static bool is_retryable(const salon_Exchange *x) {
  if (x->kind == SALON_OK)
    return salon_retry_safe_status(x->method, (int)x->status);
  bool unsent = x->outcome == SALON_UNSENT;
  bool passing = x->kind == SALON_NETWORK || x->kind == SALON_TIMEOUT ||
                 (x->kind == SALON_LIMIT && unsent);
  return passing && salon_retry_safe_loss(x->method, unsent);
}

static void finish(Engine *e, salon_Exchange *x) {
  x->retryable = is_retryable(x);
  x->state = SALON_STATE_DONE;
  salon_timers_remove(&e->timers, &x->timer);
  leave_live(e, x);
  salon_list_push(&e->done, &x->node);
}

static void fail(Engine *e, salon_Exchange *x, salon_Kind kind,
                 const char *message) {
  x->kind = kind;
  strncpy(x->message, message, sizeof(x->message) - 1);
  finish(e, x);
}

/* libcurl counts the busy connections among those it keeps: with more calls
** under way than that, it would close a connection after every response. */
static void allow_connections(Engine *e, const salon_Config *c) {
  long enough = (long)c->max_in_flight + MAX_IDLE;
  if (enough <= e->connections) return;
  e->connections = enough;
  curl_multi_setopt(e->multi, CURLMOPT_MAXCONNECTS, enough);
}

/* When a running call is to be looked at, if nothing happens before. */
static double next_look(const salon_Exchange *x) {
  double limit = x->config->silence_timeout,
         from = x->heard > 0 ? x->heard : salon_now();
  return limit > 0 && from + limit < x->deadline ? from + limit : x->deadline;
}

static void run(Engine *e, salon_Exchange *x) {
  x->state = SALON_STATE_RUNNING;
  salon_exchange_rewind(x);
  x->attempts++;
  allow_connections(e, x->config);
  bool ready = salon_pool_get(&e->pool, e->poller, x) &&
               salon_timers_set(&e->timers, &x->timer, next_look(x));
  if (ready && curl_multi_add_handle(e->multi, x->transfer->easy) == CURLM_OK)
    return;
  release(e, x, salon_now());
  fail(e, x, SALON_LIMIT,
       "the request is too long for libcurl, or memory is short");
}

static void start(Engine *e, salon_Exchange *x) {
  if (salon_origins_enter(&e->origins, x, salon_now())) {
    run(e, x);
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

/* The pause before the next try; < 0 = there is none. `x` holds its slot. */
static double pause_after(Engine *e, salon_Exchange *x, bool transient) {
  double now = salon_now();
  bool matches = x->plan.repeat_status != 0 &&
                 x->status == x->plan.repeat_status &&
                 body_starts_with(x, x->repeat_prefix);
  salon_RetryInput in = {
    .tries = x->attempts,
    .repeats = x->repeats,
    .status = x->kind == SALON_OK ? (int)x->status : 0,
    .unsent = !x->sent,
    .transient = transient,
    .repeat_matches = matches,
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

/* A try is over: gives its slot back, and tries again or not. */
static void conclude(Engine *e, salon_Exchange *x, bool transient) {
  double pause = pause_after(e, x, transient), now = salon_now();
  release(e, x, now);
  x->state = SALON_STATE_PAUSED;
  if (pause < 0 || !salon_timers_set(&e->timers, &x->timer, now + pause))
    finish(e, x);
}

/* libcurl is through with a transfer. */
static void settle(Engine *e, salon_Transfer *t, CURLcode code) {
  salon_Exchange *x = t->exchange;
  conclude(e, x, salon_transfer_judge(t, code));
}

/* Its time is not up: the server was silent for too long, or there is one more
** byte to wait for. */
static void look_after(Engine *e, salon_Exchange *x, double now) {
  double limit = x->config->silence_timeout;
  bool waits = limit > 0 && x->heard > 0;
  if (waits && salon_transfer_uploads(x->transfer)) x->heard = now;
  if (waits && now >= x->heard + limit) {
    salon_transfer_silent(x->transfer, limit);
    conclude(e, x, true);
  } else {
    salon_timers_set(&e->timers, &x->timer, next_look(x));
  }
}

static void expire(Engine *e, salon_Exchange *x, double now) {
  if (x->state == SALON_STATE_PAUSED) {
    salon_timers_remove(&e->timers, &x->timer);
    start(e, x);
    return;
  }
  bool running = x->state == SALON_STATE_RUNNING;
  if (running && now < x->deadline) {
    look_after(e, x, now);
    return;
  }
  if (running) salon_transfer_late(x->transfer);
  release(e, x, now);
  if (running)
    finish(e, x);
  else
    fail(e, x, SALON_TIMEOUT, "the time was up before it was this call's turn");
}

static void cancel(Engine *e, salon_Exchange *x, double now) {
  if (x->state == SALON_STATE_RUNNING)
    salon_transfer_late(x->transfer); /* notes what is known of the outcome */
  release(e, x, now);
  fail(e, x, SALON_CANCELLED, "cancelled");
}

/* ---- the thread's rounds ---- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user,
                     void *own) {
  Engine *e = user;
  (void)easy, (void)own;
  int events = 0;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) events = SALON_POLL_IN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
    events |= SALON_POLL_OUT;
  return salon_poller_want(e->poller, fd, events) ? 0 : -1;
}

static int on_timer(CURLM *multi, long ms, void *user) {
  Engine *e = user;
  (void)multi;
  e->curl_at = ms < 0 ? -1 : salon_now() + (double)ms / 1000;
  return 0;
}

static void act(Engine *e, curl_socket_t fd, int events) {
  int running;
  curl_multi_socket_action(e->multi, fd, events, &running);
#if !SALON_SOCKET_ACTION
  curl_multi_perform(e->multi, &running); /* walks all of them */
#endif
}

static void read_verdicts(Engine *e) {
  CURLMsg *m;
  int left;
  while ((m = curl_multi_info_read(e->multi, &left)) != NULL) {
    if (m->msg != CURLMSG_DONE) continue;
    CURLcode code = m->data.result; /* `m` is gone once its handle is */
    salon_Transfer *t;
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
    settle(e, t, code);
  }
}

static void run_timers(Engine *e, double now) {
  salon_Timer *t;
  while ((t = salon_timers_first(&e->timers)) != NULL && t->at <= now)
    expire(e, of_timer(t), now);
}

static void fill_slots(Engine *e) {
  salon_Exchange *x;
  while (e->origins.turns.first != NULL &&
         (x = salon_origins_next(&e->origins, salon_now())) != NULL)
    run(e, x);
}

/* One delivery per mailbox and round. */
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

static void cancel_asked_for(Engine *e, double now) {
  for (salon_Exchange *x = e->live, *next; x != NULL; x = next) {
    next = x->live_next;
    if (atomic_load_explicit(&x->cancelled, memory_order_relaxed))
      cancel(e, x, now);
  }
}

/* Takes over some of what others handed in; false: time to stop. */
static bool take_over(Engine *e) {
  pthread_mutex_lock(&mutex);
  e->sleeping = false;
  bool cancelled = e->anything_cancelled, stopping = e->stopping;
  /* what is to be cancelled may be any of them */
  salon_List taken = {NULL, NULL};
  for (int n = cancelled || stopping ? INT_MAX : HANDFUL; n > 0; n--) {
    salon_Node *node = salon_list_pop(&e->incoming);
    if (node == NULL) break;
    salon_list_push(&taken, node);
  }
  e->anything_cancelled = false;
  pthread_mutex_unlock(&mutex);
  for (salon_Node *n; (n = salon_list_pop(&taken)) != NULL;) {
    go_live(e, salon_exchange_of(n));
    start(e, salon_exchange_of(n));
  }
  if (cancelled) cancel_asked_for(e, salon_now());
  return !stopping;
}

static double time_to_sleep(Engine *e, double now) {
  double until = e->curl_at;
  salon_Timer *t = salon_timers_first(&e->timers);
  double turn = salon_origins_when(&e->origins);
  if (t != NULL && (until < 0 || t->at < until)) until = t->at;
  if (turn >= 0 && (until < 0 || turn < until)) until = turn;
  if (until < 0) return -1;
  return until > now ? until - now : 0;
}

static void be_busy(void) {
  pthread_mutex_lock(&gate);
  pthread_mutex_lock(&busy);
  pthread_mutex_unlock(&gate);
}

static void sleep_and_act(Engine *e) {
  salon_Ready ready[HANDFUL];
  double seconds = time_to_sleep(e, salon_now());
  pthread_mutex_lock(&mutex);
  bool idle = e->incoming.first == NULL && !e->anything_cancelled &&
              !e->stopping;
  e->sleeping = idle;
  pthread_mutex_unlock(&mutex);
  pthread_mutex_unlock(&busy);
  size_t n = salon_poller_wait(e->poller, ready, HANDFUL, idle ? seconds : 0);
  be_busy();
  for (size_t i = 0; i < n; i++) {
    if (ready[i].fd == e->wake.read_fd)
      salon_wake_clear(&e->wake);
    else
      act(e, ready[i].fd, ready[i].events); /* the same bits as libcurl's */
  }
}

_Static_assert(SALON_POLL_IN == CURL_CSELECT_IN &&
                 SALON_POLL_OUT == CURL_CSELECT_OUT &&
                 SALON_POLL_ERR == CURL_CSELECT_ERR,
               "salon_Ready.events is handed to libcurl as it is");

static void round_trip(Engine *e) {
  double now = salon_now();
  run_timers(e, now);
  fill_slots(e);
  if (e->curl_at >= 0 && e->curl_at <= now) {
    e->curl_at = -1;
    act(e, CURL_SOCKET_TIMEOUT, 0);
  }
  read_verdicts(e);
  fill_slots(e);
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
  be_busy();
  while (take_over(e)) {
    round_trip(e);
    sleep_and_act(e);
  }
  cancel_all(e);
  close_curl(e);
  pthread_mutex_unlock(&busy);
  return NULL;
}

/* ---- starting and stopping ---- */

static void stop_at_exit(void);
static void before_fork(void);
static void after_fork(void);

static void init_once(void) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  pthread_atfork(before_fork, after_fork, NULL);
  /* after libcurl has initialised OpenSSL, so that it runs before OpenSSL's
  ** own: exit() with a live TLS thread crashes every other time */
  if (SALON_EXIT_HANDLER) atexit(stop_at_exit);
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
}

/* Signals belong to the threads of the host. */
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
  e->curl_at = -1;
  e->random = ((uint64_t)getpid() << 32) ^ (uint64_t)time(NULL) ^ 0x9e3779b9u;
  salon_pool_open(&e->pool);
  e->poller = salon_poller_new();
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
  return !SALON_FORK_CHECK || pid == salon_pid();
}

/* A forked child starts afresh: the locks are taken, and everything else is
** its parent's. */
static void notice_fork(void) {
  pid_t pid = atomic_load(&owner);
  if (pid == 0 || salon_same_process(pid)) return;
  pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
  memcpy(&gate, &fresh, sizeof(fresh));
  memcpy(&busy, &fresh, sizeof(fresh));
  memcpy(&mutex, &fresh, sizeof(fresh));
  engine = NULL;
  atomic_store(&owner, salon_pid());
}

/* Every entry comes through here. */
static void lock(void) {
  notice_fork();
  pthread_mutex_lock(&mutex);
  if (atomic_load(&owner) == 0) atomic_store(&owner, salon_pid());
}

/* The child finds the locks taken, and a thread that stands still. */
static void before_fork(void) {
  notice_fork();
  pthread_mutex_lock(&gate);
  pthread_mutex_lock(&busy);
  pthread_mutex_lock(&mutex);
}

static void after_fork(void) {
  pthread_mutex_unlock(&mutex);
  pthread_mutex_unlock(&busy);
  pthread_mutex_unlock(&gate);
}

bool salon_engine_submit(salon_Exchange *x, salon_Mailbox *m) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, init_once);
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
    if (wake) salon_wake_signal(&e->wake); /* under the lock: `e` may go */
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
** returns without. */
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
  be_busy();
  engine_free(e);
  pthread_mutex_unlock(&busy);
}

void salon_engine_stop(void) {
  lock();
  stop_and_unlock();
}

void salon_engine_enter(void) {
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
