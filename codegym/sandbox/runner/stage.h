/* The stage of a box in a container: the runner mounts the workspace itself, in namespaces of its own.
 *
 * A container gives no capability and needs none. The runner makes a user namespace, in which it has all, and a
 * mount namespace that belongs to it; there it mounts a tmpfs of limited size (the stage) and, again and again,
 * overlays of folders on the stage at /work. Its children drop what it has before they become a command. So a new
 * workspace takes no new container, what is written has a hard limit, and the host sees none of these mounts.
 *
 * On the stage (workspace.h), l/N is a layer that the host gave. Commands have no path to the stage: their root,
 * and the runner's, is a copy of the container's tree of mounts, bound on r. The runner's current folder is the
 * stage, outside of that root, and the host has a descriptor of it. */
#pragma once
#include <stdbool.h>

#include "wire.h"

extern bool staged; /* whether there is a stage */

/* Return a socket connected to `path`, or -1. */
int dial(const char *path);

/* Make the namespaces, the stage and the root, enter them, and return a descriptor of the stage. */
int build_stage(const char *size, const char *inodes);

/* Do what a frame asks for; its payload is two C strings. Return NULL, or what failed, with errno set. `*shared`
 * is the descriptor to answer with. */
const char *stage_request(const struct frame *frame, int *shared);
