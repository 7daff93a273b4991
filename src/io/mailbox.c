/* See mailbox.h. Nothing here may be touched by a child made by fork, whose
** locks are in any state: its callers compare the pid first. */
#include "mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "exchange.h"
#include "pid.h"

salon_Mailbox *salon_mailbox_new(void) {
  salon_Mailbox *m = calloc(1, sizeof(*m));
  if (m == NULL) return NULL;
  if (!salon_wake_open(&m->wake)) {
    free(m);
    return NULL;
  }
  atomic_init(&m->refs, 1);
  m->pid = salon_pid();
  m->listen_fd = m->socket_fd = -1;
  pthread_mutex_init(&m->lock, NULL);
  return m;
}

void salon_mailbox_expect(salon_Mailbox *m) {
  atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&m->in_flight, 1, memory_order_relaxed);
}

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

/* Removes the socket's file and the folder that was made for it. */
static void remove_path(salon_Mailbox *m) {
  if (m->socket_path == NULL) return;
  unlink(m->socket_path);
  *strrchr(m->socket_path, '/') = '\0';
  rmdir(m->socket_path);
  free(m->socket_path);
  m->socket_path = NULL;
}

/* Never under the lock: who drops the last reference frees an exchange. */
static void drop(salon_List exchanges) {
  for (salon_Node *n; (n = salon_list_pop(&exchanges)) != NULL;)
    salon_exchange_unref(salon_exchange_of(n));
}

static void give_up(salon_Mailbox *m, int refs) {
  if (atomic_fetch_sub_explicit(&m->refs, refs, memory_order_acq_rel) != refs)
    return;
  drop(m->finished);
  remove_path(m);
  salon_wake_close(&m->wake);
  close_fd(&m->listen_fd);
  close_fd(&m->socket_fd);
  pthread_mutex_destroy(&m->lock);
  free(m);
}

void salon_mailbox_unref(salon_Mailbox *m) {
  if (m != NULL) give_up(m, 1);
}

/* ---- delivering ---- */

/* Under the lock. Each sleeper is told once, however many deliveries follow: a
** wake-up costs a system call on this side and one on the other. */
static void wake_sleepers(salon_Mailbox *m) {
  if (m->polling) salon_wake_signal(&m->wake);
  m->polling = false;
  if (m->sleeping && m->socket_fd >= 0) {
    m->sleeping = false;
    /* a reader that is gone or busy is none of the I/O thread's business */
    (void)send(m->socket_fd, "!", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

/* Once `finished` is set its owner may read the exchange, without the lock, and
** give it up: from then on only the engine's reference keeps it. */
void salon_mailbox_deliver(salon_Mailbox *m, salon_List exchanges) {
  salon_List dropped = {NULL, NULL};
  int count = 0;
  pthread_mutex_lock(&m->lock);
  for (salon_Node *n; (n = salon_list_pop(&exchanges)) != NULL; count++) {
    salon_list_push(salon_exchange_of(n)->wanted ? &m->finished : &dropped, n);
    atomic_fetch_sub_explicit(&m->in_flight, 1, memory_order_relaxed);
    atomic_store_explicit(&salon_exchange_of(n)->finished, true,
                          memory_order_release);
  }
  wake_sleepers(m);
  pthread_mutex_unlock(&m->lock);
  drop(dropped);
  give_up(m, count); /* may be the last: its state has closed */
}

/* ---- taking and waiting ---- */

bool salon_mailbox_want(salon_Mailbox *m, salon_Exchange *x) {
  pthread_mutex_lock(&m->lock);
  bool under_way = !salon_exchange_finished(x);
  if (under_way) x->wanted = true;
  pthread_mutex_unlock(&m->lock);
  return under_way;
}

uint64_t salon_mailbox_take(salon_Mailbox *m) {
  pthread_mutex_lock(&m->lock);
  salon_Exchange *x = salon_exchange_of(salon_list_pop(&m->finished));
  pthread_mutex_unlock(&m->lock);
  uint64_t id = x != NULL ? x->id : 0;
  salon_exchange_unref(x);
  return id;
}

/* Whether what is waited for is there; if not, the next delivery signals. */
static bool is_there(salon_Mailbox *m, const salon_Exchange *x) {
  pthread_mutex_lock(&m->lock);
  bool there = x != NULL ? salon_exchange_finished(x)
                         : m->finished.first != NULL;
  m->polling = !there;
  pthread_mutex_unlock(&m->lock);
  return there;
}

/* By poll, not on a condition: a signal has to end the wait, so that an
** interpreter can act on Ctrl-C. */
bool salon_mailbox_wait(salon_Mailbox *m, const salon_Exchange *x,
                        double seconds) {
  double until = salon_now() + seconds;
  while (!is_there(m, x)) {
    double left = until - salon_now();
    if (!(left > 0)) return false; /* nor when it is not a number */
    struct pollfd p = {.fd = m->wake.read_fd, .events = POLLIN};
    int ms = left > 3600 ? 3600 * 1000 : (int)(left * 1000) + 1;
    int n = poll(&p, 1, ms);
    if (n < 0) return is_there(m, x); /* EINTR */
    /* perhaps left over from a wait that timed out just then: look again */
    if (n > 0) salon_wake_clear(&m->wake);
  }
  return true;
}

/* ---- the Unix socket for nginx ---- */

bool salon_mailbox_arm(salon_Mailbox *m) {
  pthread_mutex_lock(&m->lock);
  bool armed = m->finished.first == NULL;
  m->sleeping = armed;
  pthread_mutex_unlock(&m->lock);
  return armed;
}

static int unix_socket(void) {
#ifdef SOCK_CLOEXEC
  return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
#else
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) return fd;
  (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
  (void)fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
#endif
}

static char *private_path(void) {
  const char *tmp = getenv("TMPDIR");
  char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
  if (tmp == NULL || *tmp == '\0') tmp = "/tmp";
  int n = snprintf(path, sizeof(path) - 2, "%s/salon-XXXXXX", tmp);
  if (n < 0 || (size_t)n >= sizeof(path) - 2) {
    errno = ENAMETOOLONG;
    return NULL;
  }
  if (mkdtemp(path) == NULL) return NULL; /* mode 0700 */
  char *copy = malloc((size_t)n + sizeof("/s"));
  if (copy == NULL)
    rmdir(path);
  else
    strcat(strcpy(copy, path), "/s");
  return copy;
}

static bool bind_and_listen(int fd, const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, path); /* private_path keeps to its size */
  return bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
         listen(fd, 1) == 0;
}

const char *salon_mailbox_listen(salon_Mailbox *m) {
  pthread_mutex_lock(&m->lock);
  close_fd(&m->listen_fd);
  remove_path(m);
  m->socket_path = private_path();
  if (m->socket_path != NULL) {
    m->listen_fd = unix_socket();
    if (m->listen_fd < 0 || !bind_and_listen(m->listen_fd, m->socket_path)) {
      int why = errno;
      close_fd(&m->listen_fd);
      remove_path(m);
      errno = why;
    }
  }
  const char *path = m->socket_path;
  pthread_mutex_unlock(&m->lock);
  return path;
}

bool salon_mailbox_accept(salon_Mailbox *m) {
  pthread_mutex_lock(&m->lock);
  int fd = m->listen_fd >= 0 ? accept(m->listen_fd, NULL, NULL) : -1;
  int why = m->listen_fd >= 0 ? errno : EINVAL;
  if (fd >= 0) {
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    close_fd(&m->socket_fd);
    m->socket_fd = fd;
    m->sleeping = false;
    close_fd(&m->listen_fd);
    remove_path(m);
  }
  pthread_mutex_unlock(&m->lock);
  errno = why;
  return fd >= 0;
}
