/* The process of a command or service, before it becomes the program. */
#pragma once
#include <sys/resource.h>
#include <sys/types.h>

#include "wire.h"

/* What each process of a command starts with; a limit of 0 is left as it is, user 0 is the runner's own. */
struct limits {
    rlim_t nofile, fsize, nproc, data;
    uid_t user;
};

extern struct limits limits;

/* Give up every capability. Needs CAP_SETPCAP, which it gives up with the rest; for lack of it the bounding set
 * stays as it is. */
void drop_capabilities(void);

/* Become the program of `request`, or do its file operation and exit. After vfork, which spares the copying of
 * page tables, this process has the runner's memory until the program takes over: it writes nothing there that the
 * runner reads. */
_Noreturn void become(struct request *request);
