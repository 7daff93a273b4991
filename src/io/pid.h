/* Which process is this? Asked at every entry of the module, so it must not
** cost a system call each time. Pure C. */
#ifndef SALON_PID_H
#define SALON_PID_H

#include <sys/types.h>

pid_t salon_pid(void);

#endif
