/* Defects on purpose: before a sanitizer's clean run is believed, it must find
** the one named here.  `planted overflow|leak|undefined|race`. */

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int shared;

static void *race(void *unused) {
  (void)unused;
  shared++;
  return NULL;
}

int main(int argc, char **argv) {
  const char *defect = argc > 1 ? argv[1] : "";
  if (strcmp(defect, "overflow") == 0) {
    char *volatile bytes = malloc(8); /* its size is not to be seen through */
    volatile size_t beyond = 8;
    bytes[beyond] = 1;
    free(bytes);
  } else if (strcmp(defect, "leak") == 0) {
    void *volatile lost = malloc(64);
    memset(lost, 1, 64);
    lost = NULL;
  } else if (strcmp(defect, "undefined") == 0) {
    volatile int most = INT_MAX;
    most = most + 1;
  } else if (strcmp(defect, "race") == 0) {
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, race, NULL);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  } else {
    fprintf(stderr, "which defect?\n");
    return 2;
  }
  return 0;
}
