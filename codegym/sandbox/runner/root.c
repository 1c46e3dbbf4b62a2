/* The root of a box; see root.h. */
#define _GNU_SOURCE
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "die.h"
#include "workspace.h"

struct plan parse_plan(char **words) {
    struct plan plan = {.disk_bytes = words[0], .inodes = words[1]};
    int *counts[] = {&plan.writes, &plan.stores, &plan.binds, &plan.links, &plan.hidden, &plan.covered};
    words += 2;
    for (int i = 0; i < 6; i++) *counts[i] = atoi(*words++);
    if (!strcmp(plan.disk_bytes, "0")) plan.stage = *words++;
    plan.write = words;
    plan.store = plan.write + 2 * plan.writes;
    plan.bind = plan.store + plan.stores;
    plan.link = plan.bind + 2 * plan.binds;
    plan.hide = plan.link + 2 * plan.links;
    plan.cover = plan.hide + plan.hidden;
    plan.box = plan.cover + plan.covered;
    if (!(plan.fds = calloc((size_t)(plan.stores + plan.binds + 1), sizeof *plan.fds))) die("memory");
    return plan;
}

/* ---- taking ---- */

/* Return a mount, with `attributes`, of what is at `path`; it is not mounted anywhere yet. `how` is 0 or
 * AT_RECURSIVE. */
static int take(const char *path, unsigned how, uint64_t attributes, int owners) {
    struct mount_attr set = {.attr_set = attributes, .propagation = MS_PRIVATE, .userns_fd = (unsigned)owners};
    int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | how);
    if (fd < 0) die(path);
    if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | how, &set, sizeof set) == 0) return fd;
    if (owners < 0) die(path);
    dprintf(
        2,
        "keeper: %s: this file system can't map owners (%s): put codegym's cache on ext4, xfs, btrfs or "
        "tmpfs, or run as an ordinary user\n",
        path, strerror(errno));
    _exit(70);
}

/* Without root, nobody may see what a mount below a store covers, so that the mount has to be taken along. */
int take_store(const char *path, int owners) {
    return owners < 0 ? take(path, AT_RECURSIVE, 0, -1) : take(path, 0, MOUNT_ATTR_IDMAP, owners);
}

int take_stage(const char *path, bool give) {
    if (give && chown(path, BOX_ID, BOX_ID)) die(path);
    return take(path, 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, -1);
}

/* A device can be used through a bind, anything else only be read. What is written to a device is not written to
 * its mount: read-only, the mount keeps the times of the host's device, which all boxes see, from changing. */
int take_bind(const char *path) {
    struct stat st;
    if (stat(path, &st)) die(path);
    uint64_t other = S_ISCHR(st.st_mode) ? MOUNT_ATTR_NOEXEC : MOUNT_ATTR_NODEV;
    return take(path, AT_RECURSIVE, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | other, -1);
}

int take_cover(const char *what) {
    return take(what, 0, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, -1);
}

/* ---- placing ---- */

/* Make the folders above `path`, and a folder or a file there if there is nothing. Changes `path` for a while. */
static void make_point(char *path, bool folder) {
    for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(path, 0755) && errno != EEXIST) die(path);
        *slash = '/';
    }
    if ((folder ? mkdir(path, 0755) : mknod(path, S_IFREG | 0644, 0)) && errno != EEXIST) die(path);
}

void cover(int fd, const char *path) {
    if (syscall(SYS_move_mount, fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH)) die(path);
    close(fd);
}

static void place(int fd, char *path) {
    struct stat st;
    if (fstat(fd, &st)) die(path);
    make_point(path, S_ISDIR(st.st_mode));
    cover(fd, path);
}

void build_stage(const struct plan *plan) {
    char path[32];
    if (plan->stage_fd < 0) mount_stage(STAGE, plan->disk_bytes, plan->inodes);
    else cover(plan->stage_fd, STAGE);
    make_stage(STAGE, (const char *[]){"f", "r", NULL});
    for (int i = 0; i < plan->stores; i++) {
        snprintf(path, sizeof path, "l/%d", i);
        place(plan->fds[i], path);
    }
}

static void bind_own(const char *from, char *to) {
    make_point(to, true);
    if (mount(from, to, NULL, MS_BIND, NULL)) die(to);
}

static void make_link(const char *text, char *path) {
    make_point(path, true);
    if (rmdir(path) || symlink(text, path)) die(path);
}

static void mount_terminals(char *path) {
    const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NOEXEC;
    make_point(path, true);
    if (mount("devpts", path, "devpts", flags, "newinstance,ptmxmode=0666,mode=620")) die("devpts");
}

void build_root(const struct plan *plan) {
    const unsigned long sealed = MS_NOSUID | MS_NODEV;
    char pts[] = "dev/pts", tmp[] = "tmp", shm[] = "dev/shm", work[] = "work", proc[] = "proc";
    if (mount("codegym", "r", "tmpfs", sealed, "size=1m,mode=755") || chdir("r")) die("root");
    for (int i = 0; i < plan->links; i++) make_link(plan->link[2 * i], plan->link[2 * i + 1]);
    for (int i = 0; i < plan->binds; i++) place(plan->fds[plan->stores + i], plan->bind[2 * i + 1]);
    make_point(proc, true);
    mount_terminals(pts);
    for (int i = 0; i < plan->hidden; i++) cover(take_cover("../none"), plan->hide[i]);
    bind_own("../tmp", tmp);
    bind_own("../shm", shm);
    bind_own("../none", work);
    if (mount(NULL, work, NULL, MS_SHARED, NULL)) die("workspace");
    if (mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | sealed, NULL) || chdir("..")) die("root");
}
