/* poller.c as it is where there is no epoll, under the same tests. */

#define SALON_USE_POLL
#include "../../src/io/poller.c"

#include "test_poller.c"
