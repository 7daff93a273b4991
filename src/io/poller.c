/* See poller.h. One table indexed by descriptor, two ways to wait. The table
** says what our caller wants; with epoll also what the kernel was told, which
** may be more (see `lazy`), or nothing any more when the descriptor was closed
** meanwhile.
**
** Not to break: a descriptor that nobody wants is never reported, whatever
** fires. */
#include "poller.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__linux__) && !defined(SALON_USE_POLL)
#define USE_EPOLL 1
#include <sys/epoll.h>
#else
#define USE_EPOLL 0
#include <poll.h>
#endif

typedef struct Interest {
  unsigned char wanted; /* what our caller asked for */
  unsigned char told;   /* what the kernel was told (epoll only) */
  bool lazy;            /* the number cannot be used again without `opened` */
  unsigned use;         /* counts what this number has stood for */
} Interest;

struct salon_Poller {
  Interest *table; /* owned; indexed by descriptor */
  size_t room;
  int epoll_fd; /* owned; -1 without epoll */
  size_t turn;  /* without epoll: who is looked at first */
};

salon_Poller *salon_poller_new(void) {
  salon_Poller *p = calloc(1, sizeof(*p));
  if (p == NULL) return NULL;
#if USE_EPOLL
  p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (p->epoll_fd < 0) {
    free(p);
    return NULL;
  }
#else
  p->epoll_fd = -1;
#endif
  return p;
}

void salon_poller_free(salon_Poller *p) {
  if (p == NULL) return;
  if (p->epoll_fd >= 0) close(p->epoll_fd);
  free(p->table);
  free(p);
}

static Interest *interest(salon_Poller *p, int fd) {
  size_t i = (size_t)fd;
  if (i >= p->room) {
    size_t room = p->room == 0 ? 64 : p->room;
    while (room <= i) room *= 2;
    Interest *table = realloc(p->table, room * sizeof(*table));
    if (table == NULL) return NULL;
    memset(table + p->room, 0, (room - p->room) * sizeof(*table));
    p->table = table;
    p->room = room;
  }
  return &p->table[i];
}

/* An hour is as good as for ever: the caller works out a new time anyway. */
static int milliseconds(double seconds) {
  if (seconds < 0) return -1;
  if (seconds > 3600) return 3600 * 1000;
  return (int)ceil(seconds * 1000); /* rounding down would spin */
}

#if USE_EPOLL

static struct epoll_event event_of(const Interest *in, int fd, int events) {
  struct epoll_event ev = {.data.u64 = (uint64_t)in->use << 32 | (unsigned)fd};
  if (events & SALON_POLL_IN) ev.events |= EPOLLIN;
  if (events & SALON_POLL_OUT) ev.events |= EPOLLOUT;
  return ev;
}

/* libcurl and its resolver close descriptors unasked, and the kernel
** then drops them from its set: what we believe was told may be wrong either
** way. */
static bool tell(salon_Poller *p, int fd, Interest *in, int events) {
  struct epoll_event ev = event_of(in, fd, events);
  if (events == 0) {
    in->told = 0;
    return epoll_ctl(p->epoll_fd, EPOLL_CTL_DEL, fd, &ev) == 0;
  }
  int op = in->told == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  int other = in->told == 0 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  bool ok = epoll_ctl(p->epoll_fd, op, fd, &ev) == 0;
  if (!ok && (errno == EEXIST || errno == ENOENT))
    ok = epoll_ctl(p->epoll_fd, other, fd, &ev) == 0;
  if (ok) in->told = (unsigned char)events;
  return ok;
}

bool salon_poller_want(salon_Poller *p, int fd, int events) {
  Interest *in = interest(p, fd);
  if (in == NULL) return false;
  in->wanted = (unsigned char)events;
  if (events == in->told || (events == 0 && in->lazy)) return true;
  return tell(p, fd, in, events) || events == 0;
}

void salon_poller_forget(salon_Poller *p, int fd) {
  if ((size_t)fd >= p->room) return;
  Interest *in = &p->table[fd];
  if (in->told != 0) (void)tell(p, fd, in, 0);
  in->wanted = 0;
  in->lazy = false;
}

/* libcurl closes a connection that never came about without asking us: what
** was told of its number is forgotten. */
void salon_poller_opened(salon_Poller *p, int fd) {
  Interest *in = interest(p, fd);
  if (in == NULL) return;
  salon_poller_forget(p, fd);
  in->lazy = true;
  in->use++;
}

/* What is wanted goes to a set. False: the system has no room for all of it. */
static bool fill(const salon_Poller *p, int set) {
  for (size_t i = 0; i < p->room; i++) {
    const Interest *in = &p->table[i];
    if (in->wanted == 0) continue;
    struct epoll_event ev = event_of(in, (int)i, in->wanted);
    if (epoll_ctl(set, EPOLL_CTL_ADD, (int)i, &ev) != 0 && errno != EBADF)
      return false;
  }
  return true;
}

/* A closed socket of which a forked child holds a copy keeps its entry in the
** kernel's set: it fires for ever, and nothing takes it out. What is wanted goes
** to a new set; until that can be had, it fires again. */
static void leave_set(salon_Poller *p) {
  int set = epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) return;
  if (!fill(p, set)) {
    close(set);
    return;
  }
  close(p->epoll_fd);
  p->epoll_fd = set;
  for (size_t i = 0; i < p->room; i++) p->table[i].told = p->table[i].wanted;
}

size_t salon_poller_wait(salon_Poller *p, salon_Ready *ready, size_t max,
                         double seconds) {
  struct epoll_event events[128];
  int room = max < 128 ? (int)max : 128;
  int n = epoll_wait(p->epoll_fd, events, room, milliseconds(seconds));
  size_t count = 0;
  bool stale = false;
  for (int i = 0; i < n; i++) {
    int fd = (int)(events[i].data.u64 & 0xffffffffu);
    Interest *in = &p->table[fd];
    bool is_other = events[i].data.u64 >> 32 != in->use;
    if (is_other || in->wanted == 0) { /* only now is the kernel told */
      stale = stale || is_other || in->told == 0 || !tell(p, fd, in, 0);
      continue;
    }
    int bits = 0;
    if (events[i].events & EPOLLIN) bits |= SALON_POLL_IN;
    if (events[i].events & EPOLLOUT) bits |= SALON_POLL_OUT;
    if (events[i].events & (EPOLLERR | EPOLLHUP)) bits |= SALON_POLL_ERR;
    ready[count++] = (salon_Ready){fd, bits};
  }
  if (stale) leave_set(p);
  return count;
}

#else /* poll */

bool salon_poller_want(salon_Poller *p, int fd, int events) {
  Interest *in = interest(p, fd);
  if (in == NULL) return false;
  in->wanted = (unsigned char)events;
  return true;
}

void salon_poller_forget(salon_Poller *p, int fd) {
  if ((size_t)fd < p->room) p->table[fd].wanted = 0;
}

void salon_poller_opened(salon_Poller *p, int fd) {
  salon_poller_forget(p, fd);
}

/* Walks the whole table: this is for systems without epoll and for tests. */
static size_t collect(const salon_Poller *p, struct pollfd *set) {
  size_t n = 0;
  for (size_t fd = 0; fd < p->room; fd++) {
    if (p->table[fd].wanted == 0) continue;
    set[n] = (struct pollfd){.fd = (int)fd};
    if (p->table[fd].wanted & SALON_POLL_IN) set[n].events |= POLLIN;
    if (p->table[fd].wanted & SALON_POLL_OUT) set[n].events |= POLLOUT;
    n++;
  }
  return n;
}

size_t salon_poller_wait(salon_Poller *p, salon_Ready *ready, size_t max,
                         double seconds) {
  struct pollfd *set = calloc(p->room + 1, sizeof(*set));
  if (set == NULL) return 0;
  size_t n = collect(p, set), count = 0;
  if (poll(set, (nfds_t)n, milliseconds(seconds)) > 0) {
    for (size_t k = 0; k < n && count < max; k++) {
      size_t i = (p->turn + k) % n; /* those after a full batch come next */
      int bits = 0;
      if (set[i].revents & POLLIN) bits |= SALON_POLL_IN;
      if (set[i].revents & POLLOUT) bits |= SALON_POLL_OUT;
      if (set[i].revents & (POLLERR | POLLHUP | POLLNVAL))
        bits |= SALON_POLL_ERR;
      if (bits == 0) continue;
      ready[count++] = (salon_Ready){set[i].fd, bits};
      if (count == max) p->turn = i + 1;
    }
  }
  free(set);
  return count;
}

#endif
