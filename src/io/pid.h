/* Which process is this? What a parent process made must not be touched by its
** forked child, so that every entry of the module asks: it must not cost a
** system call each time. */
#ifndef SALON_PID_H
#define SALON_PID_H

#include <sys/types.h>

pid_t salon_pid(void);

#endif
