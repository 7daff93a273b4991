/* See mailbox.h. A child made by fork touches none of this: its callers
** compare the pid first. */
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

static salon_Exchange *detach(salon_Mailbox *m) {
  salon_Exchange *all = m->head;
  m->head = m->tail = NULL;
  return all;
}

static void drop(salon_Exchange *x) {
  while (x != NULL) {
    salon_Exchange *next = x->next;
    salon_exchange_unref(x);
    x = next;
  }
}

void salon_mailbox_close(salon_Mailbox *m) {
  pthread_mutex_lock(&m->lock);
  m->closed = true;
  salon_Exchange *all = detach(m);
  pthread_mutex_unlock(&m->lock);
  drop(all);
}

static void give_up(salon_Mailbox *m, int refs) {
  if (atomic_fetch_sub_explicit(&m->refs, refs, memory_order_acq_rel) != refs)
    return;
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

/* Tells whoever sleeps; under the lock. */
static void announce(salon_Mailbox *m) {
  if (m->polling && !m->signalled) {
    m->signalled = true;
    salon_wake_signal(&m->wake);
  }
  if (m->sleeping && m->socket_fd >= 0) {
    m->sleeping = false;
    (void)send(m->socket_fd, "!", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

static void append(salon_Mailbox *m, salon_Exchange *first,
                   salon_Exchange *last) {
  if (m->tail != NULL)
    m->tail->next = first;
  else
    m->head = first;
  m->tail = last;
}

void salon_mailbox_deliver(salon_Mailbox *m, salon_Exchange *first,
                           salon_Exchange *last) {
  pthread_mutex_lock(&m->lock);
  bool closed = m->closed;
  int count = 0;
  last->next = NULL;
  if (!closed) append(m, first, last);
  for (salon_Exchange *x = first; x != NULL; x = x->next, count++) {
    atomic_fetch_sub_explicit(&m->in_flight, 1, memory_order_relaxed);
    atomic_store_explicit(&x->finished, true, memory_order_release);
  }
  announce(m);
  pthread_mutex_unlock(&m->lock);
  if (closed) drop(first);
  give_up(m, count); /* the chain may be gone: its owner saw it finished */
}

uint64_t salon_mailbox_take(salon_Mailbox *m) {
  pthread_mutex_lock(&m->lock);
  salon_Exchange *x = m->head;
  if (x != NULL) {
    m->head = x->next;
    if (m->head == NULL) m->tail = NULL;
  }
  pthread_mutex_unlock(&m->lock);
  if (x == NULL) return 0;
  uint64_t id = x->id;
  salon_exchange_unref(x);
  return id;
}

void salon_mailbox_drain(salon_Mailbox *m) {
  pthread_mutex_lock(&m->lock);
  salon_Exchange *all = m->kept ? NULL : detach(m);
  if (m->signalled) salon_wake_clear(&m->wake);
  m->signalled = false;
  pthread_mutex_unlock(&m->lock);
  drop(all);
}

void salon_mailbox_keep(salon_Mailbox *m) {
  pthread_mutex_lock(&m->lock);
  m->kept = true;
  pthread_mutex_unlock(&m->lock);
}

void salon_mailbox_release(salon_Mailbox *m) {
  pthread_mutex_lock(&m->lock);
  m->kept = false;
  pthread_mutex_unlock(&m->lock);
  salon_mailbox_drain(m);
}

bool salon_mailbox_arm(salon_Mailbox *m) {
  pthread_mutex_lock(&m->lock);
  m->sleeping = m->head == NULL;
  bool armed = m->sleeping;
  pthread_mutex_unlock(&m->lock);
  return armed;
}

static bool is_there(const salon_Mailbox *m, const salon_Exchange *x) {
  return x != NULL ? salon_exchange_finished(x) : m->head != NULL;
}

/* Whether what is waited for is there; if not, the next delivery signals. */
static bool there_or_polling(salon_Mailbox *m, const salon_Exchange *x) {
  pthread_mutex_lock(&m->lock);
  bool done = is_there(m, x);
  m->polling = !done;
  pthread_mutex_unlock(&m->lock);
  return done;
}

bool salon_mailbox_wait(salon_Mailbox *m, const salon_Exchange *x,
                        double seconds) {
  double until = salon_now() + seconds;
  for (;;) {
    salon_mailbox_drain(m);
    if (there_or_polling(m, x)) return true;
    double left = until - salon_now();
    if (left <= 0) return false;
    struct pollfd p = {.fd = m->wake.read_fd, .events = POLLIN};
    int ms = left > 3600 ? 3600 * 1000 : (int)(left * 1000) + 1;
    if (poll(&p, 1, ms) < 0) return there_or_polling(m, x); /* EINTR */
  }
}

/* ---- the Unix socket for nginx ---- */

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
  strcat(path, "/s");
  return strdup(path);
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
