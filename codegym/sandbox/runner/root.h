/* The root of a box: what the keeper takes from the host, and where it puts it.
 *
 * What is taken is a mount of its own, read-only but for devices, that hears nothing of what the host mounts or unmounts
 * later. Mounts are taken in the host's namespaces and placed in the keeper's. */
#include "workspace.h"

#define STAGE "/tmp"
enum { BOX_ID = 900001000 };

/* What a box is made of; `write`, `bind` and `link` hold two words for each, `fds` the mounts taken for stores and binds. */
struct plan {
    const char *disk_bytes, *inodes, *stage;
    int writes, stores, binds, links, hidden, covered, stage_fd, *fds;
    char **write, **store, **bind, **link, **hide, **cover, **box;
};

static struct plan parse(char **words) {
    struct plan plan = {.disk_bytes = words[0], .inodes = words[1]};
    int *counts[] = {&plan.writes, &plan.stores, &plan.binds, &plan.links, &plan.hidden, &plan.covered};
    words += 2;
    for (int i = 0; i < 6; i++) *counts[i] = atoi(*words++);
    if (!strcmp(plan.disk_bytes, "0")) plan.stage = *words++;
    plan.write = words; plan.store = plan.write + 2 * plan.writes; plan.bind = plan.store + plan.stores; plan.link = plan.bind + 2 * plan.binds;
    plan.hide = plan.link + 2 * plan.links; plan.cover = plan.hide + plan.hidden;
    plan.box = plan.cover + plan.covered;
    if (!(plan.fds = calloc((size_t)(plan.stores + plan.binds + 1), sizeof *plan.fds))) die("memory");
    return plan;
}

/* ---- taking ---- */

/* A mount of what is at `path`, not mounted anywhere yet, with `attributes`, that hears nothing of what the host mounts. */
static int take(const char *path, unsigned how, uint64_t attributes, int owners) {
    struct mount_attr set = {.attr_set = attributes, .propagation = MS_PRIVATE, .userns_fd = (unsigned)owners};
    int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | how);
    if (fd < 0) die(path);
    if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | how, &set, sizeof set)) {
        if (owners < 0) die(path);
        dprintf(2, "keeper: %s: this file system can't map owners (%s): put codegym's cache on ext4, xfs, btrfs or "
                "tmpfs, or run as an ordinary user\n", path, strerror(errno));
        _exit(70);
    }
    return fd;
}

/* Who is not root may not see what is covered by a mount below a store, and has to take that along. */
static int take_store(const char *path, int owners) {
    return owners < 0 ? take(path, AT_RECURSIVE, 0, -1) : take(path, 0, MOUNT_ATTR_IDMAP, owners);
}

static int take_stage(const char *path, bool give) {
    if (give && chown(path, BOX_ID, BOX_ID)) die(path);
    return take(path, 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, -1);
}

/* A device can be used through a bind, anything else only be read. What is written to a device is not written to its
 * mount: read-only, it keeps the times of the host's device, which all boxes see, from whoever may write to it. */
static int take_bind(const char *path) {
    struct stat st;
    if (stat(path, &st)) die(path);
    bool device = S_ISCHR(st.st_mode);
    return take(path, AT_RECURSIVE, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | (device ? MOUNT_ATTR_NOEXEC : MOUNT_ATTR_NODEV), -1);
}

/* ---- placing ---- */

/* Make the folders above `path`, which this changes for a while only, and where there is nothing a folder or a file there. */
static void make_point(char *path, bool folder) {
    for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(path, 0755) && errno != EEXIST) die(path);
        *slash = '/';
    }
    if ((folder ? mkdir(path, 0755) : mknod(path, S_IFREG | 0644, 0)) && errno != EEXIST) die(path);
}

/* Put the mount `fd` over what is at `path`. */
static void cover(int fd, const char *path) {
    if (syscall(SYS_move_mount, fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH)) die(path);
    close(fd);
}

static void place(int fd, char *path) {
    struct stat st;
    if (fstat(fd, &st)) die(path);
    make_point(path, S_ISDIR(st.st_mode));
    cover(fd, path);
}

static void build_stage(const struct plan *plan) {
    char path[32];
    if (plan->stage_fd < 0) mount_stage(STAGE, plan->disk_bytes, plan->inodes);
    else cover(plan->stage_fd, STAGE);
    make_stage(STAGE, (const char *[]){"f", "r", NULL});
    for (int i = 0; i < plan->stores; i++) { snprintf(path, sizeof path, "l/%d", i); place(plan->fds[i], path); }
}

static int take_cover(const char *what) {
    return take(what, 0, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, -1);
}

static void bind_own(const char *from, char *to) {
    make_point(to, true);
    if (mount(from, to, NULL, MS_BIND, NULL)) die(to);
}

static void link_to(const char *text, char *path) {
    make_point(path, true);
    if (rmdir(path) || symlink(text, path)) die(path);
}

/* Build the box's root; paths in it are given without their first slash. */
static void build_root(const struct plan *plan) {
    const unsigned long sealed = MS_NOSUID | MS_NODEV;
    char pts[] = "dev/pts", tmp[] = "tmp", shm[] = "dev/shm", work[] = "work", proc[] = "proc";
    if (mount("codegym", "r", "tmpfs", sealed, "size=1m,mode=755") || chdir("r")) die("root");
    for (int i = 0; i < plan->links; i++) link_to(plan->link[2 * i], plan->link[2 * i + 1]);
    for (int i = 0; i < plan->binds; i++) place(plan->fds[plan->stores + i], plan->bind[2 * i + 1]);
    make_point(proc, true); make_point(pts, true);
    if (mount("devpts", pts, "devpts", MS_RDONLY | MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620")) die("devpts");
    for (int i = 0; i < plan->hidden; i++) cover(take_cover("../none"), plan->hide[i]);
    bind_own("../tmp", tmp); bind_own("../shm", shm); bind_own("../none", work);
    if (mount(NULL, work, NULL, MS_SHARED, NULL)) die("workspace");
    if (mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | sealed, NULL) || chdir("..")) die("root");
}
