/* The root of a box: what the keeper takes from the host, and where it puts it.
 *
 * What is taken is a mount of its own, read-only except for devices, that is not changed by what the host mounts
 * or unmounts later. Mounts are taken in the host's namespaces and placed in the keeper's. */
#pragma once
#include <stdbool.h>

#define STAGE "/tmp"
enum { BOX_ID = 900001000 }; /* user and group of boxes on the host, if the keeper is started by root */

/* What a box is made of; `write`, `bind` and `link` are pairs of words, `fds` the mounts taken for stores, then
 * for binds. */
struct plan {
    const char *disk_bytes, *inodes, *stage;
    int writes, stores, binds, links, hidden, covered;
    int stage_fd, *fds;
    char **write, **store, **bind, **link, **hide, **cover, **box;
};

/* Read the plan from the keeper's arguments after OWNER. */
struct plan parse_plan(char **words);

/* Take a folder of the host as the stage; `give` it to the box's user before. */
int take_stage(const char *path, bool give);

/* Take a folder with base trees, with its owner mapped by the user namespace `owners` if that is not -1. */
int take_store(const char *path, int owners);

/* Take a path of the host for the box's root. */
int take_bind(const char *path);

/* Take an empty folder or file to cover something with, read-only. */
int take_cover(const char *what);

/* Put the mount `fd` over what is at `path`, and close `fd`. */
void cover(int fd, const char *path);

/* Mount the stage, enter it, and place the stores on it. */
void build_stage(const struct plan *plan);

/* Build the box's root on the stage, at r; paths in it are given without their first slash. */
void build_root(const struct plan *plan);
