/* The processes of a box: services, which outlive commands, and the end of all others. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

/* Start a service and return its pid, or -EAGAIN if there are too many or no process could be made. */
int32_t start_service(struct request *request);

/* Wait for the processes that ended; `flags` are those of wait4. */
void reap(int flags);

/* Kill every process but the services and their descendants; with `services_too` every process. */
void kill_rest(bool services_too);
