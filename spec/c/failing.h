/* An allocator for Lua that fails when it is told to. */

#ifndef SALON_SPEC_FAILING_H
#define SALON_SPEC_FAILING_H

#include <stddef.h>
#include <stdlib.h>

typedef struct Memory {
  size_t used; /* bytes */
  long count;  /* allocations until one fails; 0: none does */
  int all;     /* those after it fail too */
  int failed;
} Memory;

static inline int fails(Memory *m) {
  if (m->count == 0) return m->all && m->failed;
  if (--m->count > 0) return 0;
  m->failed = 1;
  return 1;
}

static inline void *allocate(void *ud, void *block, size_t old, size_t size) {
  Memory *m = (Memory *)ud;
  void *moved;
  if (block == NULL) old = 0;
  if (size == 0) {
    free(block);
    m->used -= old;
    return NULL;
  }
  if (size > old && fails(m)) return NULL;
  moved = realloc(block, size);
  if (moved != NULL) m->used += size - old;
  return moved;
}

#endif
