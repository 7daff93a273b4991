/* What the libFuzzer targets of this folder share. `make fuzz` runs them. */

#ifndef SALON_SPEC_FUZZ_H
#define SALON_SPEC_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise that must hold for any input. */
#define MUST(condition)                                                        \
  do {                                                                         \
    if (condition) break;                                                      \
    fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);    \
    abort();                                                                   \
  } while (0)

#endif
