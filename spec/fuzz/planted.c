/* A defect for the fuzzer to find, so that a run without findings means
   something. */

#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  volatile char *copy = malloc(3);
  MUST(copy != NULL);
  if (size >= 3 && memcmp(data, "bug", 3) == 0) copy[size] = 0;
  free((void *)copy);
  return 0;
}
