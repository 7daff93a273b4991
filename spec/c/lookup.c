/* Name look-ups of the test's own, for LD_PRELOAD; nothing leaves the machine.
**   NAME.hang.test  hangs for HANG_MS, or until the file NAME in the folder
**                   SALON_HANG is gone; then it is 127.0.0.1
**   NAME.none.test  does not exist */

#define _GNU_SOURCE /* RTLD_NEXT */

#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HANG_MS = 2500, STEP_MS = 20 };

static char folder[400]; /* nginx drops its environment later */

__attribute__((constructor)) static void remember(void) {
  const char *value = getenv("SALON_HANG");
  snprintf(folder, sizeof(folder), "%s", value != NULL ? value : "");
}

static void hang(const char *name, size_t len) {
  char file[700];
  snprintf(file, sizeof(file), "%s/%.*s", folder, (int)len, name);
  for (int ms = 0; ms < HANG_MS && access(file, F_OK) == 0; ms += STEP_MS)
    usleep(STEP_MS * 1000);
}

typedef int Getaddrinfo(const char *, const char *, const struct addrinfo *,
                        struct addrinfo **);

int getaddrinfo(const char *name, const char *service,
                const struct addrinfo *hints, struct addrinfo **result) {
  Getaddrinfo *real = (Getaddrinfo *)dlsym(RTLD_NEXT, "getaddrinfo");
  const char *end = name != NULL ? strstr(name, ".hang.test") : NULL;
  if (name != NULL && strstr(name, ".none.test") != NULL) return EAI_NONAME;
  if (end == NULL) return real(name, service, hints, result);
  hang(name, (size_t)(end - name));
  return real("127.0.0.1", service, hints, result);
}
