/* Five guards without which libraries like this one break. Each can be left out
** of a build, one at a time, so that its test proves that it is needed: `make
** torture` does so. They are constants, so that both ways always compile. */
#ifndef SALON_GUARDS_H
#define SALON_GUARDS_H

/* A request leaves once per try: libcurl's own repetition is refused. */
#ifdef SALON_WITHOUT_SEND_ONCE
#define SALON_SEND_ONCE 0
#else
#define SALON_SEND_ONCE 1
#endif

/* A name look-up that hangs is abandoned, not waited for. */
#ifdef SALON_WITHOUT_QUICK_EXIT
#define SALON_QUICK_EXIT 0
#else
#define SALON_QUICK_EXIT 1
#endif

/* The I/O thread is joined before OpenSSL's exit handler runs. */
#ifdef SALON_WITHOUT_EXIT_HANDLER
#define SALON_EXIT_HANDLER 0
#else
#define SALON_EXIT_HANDLER 1
#endif

/* A forked child never touches what belongs to its parent. */
#ifdef SALON_WITHOUT_FORK_CHECK
#define SALON_FORK_CHECK 0
#else
#define SALON_FORK_CHECK 1
#endif

/* Only sockets with something to read or write are worked on. */
#ifdef SALON_WITHOUT_SOCKET_ACTION
#define SALON_SOCKET_ACTION 0
#else
#define SALON_SOCKET_ACTION 1
#endif

#endif
