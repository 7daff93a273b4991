/* An address on loopback that swallows connections: the queue of its listener
** is full, so that what else wants to connect gets no response at all.
**   blackhole FOLDER
** It prints its port; once there is a file FOLDER/open it answers every request
** with an empty page, and it goes when nobody reads what it prints any more. */

#define _GNU_SOURCE /* SOCK_NONBLOCK */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { FILLERS = 4, STEP_MS = 20 };

static const char page[] =
  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
  "Content-Length: 38\r\n\r\n{\"count\":0,\"next\":null,\"results\":[]}\r\n";

/* Waits a little; is anybody still listening?. */
static bool wanted(int fd, int *readable) {
  struct pollfd set[2] = {{.fd = STDOUT_FILENO}, {.fd = fd, .events = POLLIN}};
  int n = poll(set, fd < 0 ? 1 : 2, STEP_MS);
  *readable = n > 0 && set[1].revents != 0;
  return !(n > 0 && (set[0].revents & (POLLERR | POLLHUP)));
}

/* In a process of its own: some of those in the queue never send anything. */
static void answer(int fd) {
  if (fork() != 0) {
    close(fd);
    return;
  }
  char request[16384] = "";
  size_t len = 0;
  ssize_t n;
  struct timeval limit = {.tv_sec = 5};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  while (strstr(request, "\r\n\r\n") == NULL && len + 1 < sizeof(request) &&
         (n = read(fd, request + len, sizeof(request) - 1 - len)) > 0) {
    len += (size_t)n;
    request[len] = '\0';
  }
  if (len > 0) (void)!write(fd, page, sizeof(page) - 1);
  _exit(0);
}

int main(int argc, char **argv) {
  struct sockaddr_in a = {.sin_family = AF_INET};
  socklen_t len = sizeof(a);
  char file[600];
  int fd = socket(AF_INET, SOCK_STREAM, 0), filler[FILLERS], readable;
  if (argc != 2) return 2;
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, SIG_IGN);
  snprintf(file, sizeof(file), "%s/open", argv[1]);
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
      listen(fd, 0) != 0 || getsockname(fd, (struct sockaddr *)&a, &len) != 0)
    return 1;
  for (int i = 0; i < FILLERS; i++) {
    filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    (void)connect(filler[i], (struct sockaddr *)&a, sizeof(a));
  }
  printf("%d\n", ntohs(a.sin_port));
  fflush(stdout);
  while (access(file, F_OK) != 0)
    if (!wanted(-1, &readable)) return 0;
  for (int i = 0; i < FILLERS; i++) close(filler[i]);
  if (listen(fd, 128) != 0) return 1; /* a queue as long as others have it */
  while (wanted(fd, &readable))
    if (readable) answer(accept(fd, NULL, NULL));
  return 0;
}
