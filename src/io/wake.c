/* See wake.h. The only place that knows eventfd from a pipe. */
#include "wake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/eventfd.h>
#endif

bool salon_wake_open(salon_Wake *w) {
#ifdef __linux__
  w->read_fd = w->write_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return w->read_fd >= 0;
#else
  int fds[2];
  if (pipe(fds) != 0) return false;
  for (int i = 0; i < 2; i++) {
    (void)fcntl(fds[i], F_SETFD, FD_CLOEXEC);
    (void)fcntl(fds[i], F_SETFL, O_NONBLOCK);
  }
  w->read_fd = fds[0];
  w->write_fd = fds[1];
  return true;
#endif
}

void salon_wake_close(salon_Wake *w) {
  if (w->read_fd >= 0) close(w->read_fd);
  if (w->write_fd >= 0 && w->write_fd != w->read_fd) close(w->write_fd);
  w->read_fd = w->write_fd = -1;
}

/* A full pipe or counter means that the sleeper is woken already: no error. */
void salon_wake_signal(salon_Wake *w) {
  uint64_t one = 1;
  ssize_t n;
  do {
    n = write(w->write_fd, &one, sizeof(one));
  } while (n < 0 && errno == EINTR);
}

void salon_wake_clear(salon_Wake *w) {
  uint64_t buffer[64];
  ssize_t n;
  do {
    n = read(w->read_fd, buffer, sizeof(buffer));
  } while (n == (ssize_t)sizeof(buffer) || (n < 0 && errno == EINTR));
}
