/* Guards without which libraries like this one break. Each can be left out of a
** build (-DSALON_WITHOUT=SALON_SEND_ONCE), so that its test proves that it is
** needed: `make torture` does so. They are constants, so that both ways always
** compile. */
#ifndef SALON_GUARDS_H
#define SALON_GUARDS_H

enum {
  SALON_NOTHING,
  /* A request leaves once per try: libcurl's own repetition is refused. */
  SALON_SEND_ONCE,
  /* A name look-up that hangs is abandoned, not waited for. */
  SALON_QUICK_EXIT,
  /* The I/O thread is joined before OpenSSL's exit handler runs. */
  SALON_EXIT_HANDLER,
  /* A forked child never touches what belongs to its parent. */
  SALON_FORK_CHECK,
  /* Only sockets with something to read or write are worked on. */
  SALON_SOCKET_ACTION,
  /* No easy handle is used twice where libcurl would free memory twice. */
  SALON_FRESH_HANDLES,
  /* A name's next address is tried when one is silent. */
  SALON_NEXT_ADDRESS,
  /* What is meant for this machine goes to no proxy of the environment. */
  SALON_DIRECT_LOOPBACK,
  /* A connect timeout below a millisecond is one, not libcurl's 300 s. */
  SALON_CONNECT_FLOOR,
  /* What must not be repeated goes over HTTP/1.1. */
  SALON_SINGLE_STREAM,
  /* A compressed response of which nothing comes out is broken, not empty. */
  SALON_UNPACK_CHECK
};

#ifndef SALON_WITHOUT
#define SALON_WITHOUT SALON_NOTHING
#endif
#define SALON_HAS(guard) (SALON_WITHOUT != SALON_##guard)

#endif
