/* See pid.h. The number is kept in a page that the kernel empties in a forked
** child (MADV_WIPEONFORK, Linux 4.14), whichever way it was forked: a handler
** of pthread_atfork would not see clone(). Where that cannot be had, getpid()
** is asked every time. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* MADV_WIPEONFORK */
#endif
#include "pid.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

static atomic_int *page; /* owned, for good; NULL = no such page */

static void map_page(void) {
#if defined(MADV_WIPEONFORK) && defined(MAP_ANONYMOUS)
  size_t size = (size_t)sysconf(_SC_PAGESIZE);
  void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return;
  if (madvise(at, size, MADV_WIPEONFORK) == 0)
    page = at;
  else
    munmap(at, size);
#endif
}

pid_t salon_pid(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, map_page);
  if (page == NULL) return getpid();
  int pid = atomic_load_explicit(page, memory_order_relaxed);
  if (pid == 0) {
    pid = getpid();
    atomic_store_explicit(page, pid, memory_order_relaxed);
  }
  return pid;
}
