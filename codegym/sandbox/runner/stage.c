/* The stage of a box in a container; see stage.h. */
#define _GNU_SOURCE
#include "stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "die.h"
#include "workspace.h"

#define STAGE "/.codegym"
#define WORK "/work"
enum { BOX_USER = 1000 };

bool staged;

/* ---- building it, once ---- */

int dial(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || strlen(path) >= sizeof address.sun_path) return -1;
    strcpy(address.sun_path, path);
    return connect(fd, (struct sockaddr *)&address, sizeof address) ? -1 : fd;
}

static void enter_namespaces(void) {
    char users[64], groups[64];
    snprintf(users, sizeof users, "%d %u 1", BOX_USER, geteuid());
    snprintf(groups, sizeof groups, "%d %u 1", BOX_USER, getegid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS)) die("unshare (are user namespaces allowed?)");
    put("/proc/self/setgroups", "deny");
    put("/proc/self/uid_map", users);
    put("/proc/self/gid_map", groups);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) die("private mounts");
}

/* Bind `from` over `path`, if there is such a path, with `flags`. */
static void cover(const char *from, const char *path, unsigned long flags) {
    if (mount(from, path, NULL, MS_BIND, NULL)) {
        if (errno != ENOENT) die(path);
        return;
    }
    if (flags && mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | flags, NULL)) die(path);
}

/* What the image or the engine shows that no build or test needs, and where a box could leave something behind. */
static void hide(void) {
    const unsigned long sealed = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    const char *files[] = {"/proc/cmdline", "/proc/keys", "/proc/kallsyms"};
    const char *folders[] = {"/sys", "/dev/mqueue", "/proc/fs", STAGE};
    const char *devices[] = {"/dev", "/dev/pts"}; /* can be written to all the same: see take_bind in root.c */
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    for (int i = 0; i < 3; i++) cover("/dev/null", files[i], 0);
    for (int i = 0; i < 4; i++) cover("none", folders[i], sealed);
    for (int i = 0; i < 2; i++)
        if (syscall(SYS_mount_setattr, AT_FDCWD, devices[i], 0, &read_only, sizeof read_only) && errno != ENOENT)
            die(devices[i]);
}

int build_stage(const char *size, const char *inodes) {
    enter_namespaces();
    mount_stage(STAGE, size, inodes);
    make_stage(STAGE, (const char *[]){"r", NULL});
    if (mount("/", "r", NULL, MS_BIND | MS_REC, NULL) || chroot("r")) die("root");
    cover("tmp", "/tmp", MS_NOSUID | MS_NODEV);
    cover("shm", "/dev/shm", MS_NOSUID | MS_NODEV);
    hide();
    staged = true;
    return open(".", O_PATH | O_CLOEXEC);
}

/* ---- requests ---- */

static const char *mount_layer(const char *name, int given) {
    if (mkdir(name, 0755)) return name;
    return syscall(SYS_move_mount, given, "", AT_FDCWD, name, MOVE_MOUNT_F_EMPTY_PATH) ? "move_mount" : NULL;
}

static const char *share(const char *name, int *shared) {
    *shared = (int)syscall(SYS_open_tree, AT_FDCWD, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    return *shared < 0 ? "open_tree" : NULL;
}

static const char *unmount_layers(void) {
    const char *failed = NULL;
    char path[300]; /* longer than any name */
    struct dirent *entry;
    DIR *layers = opendir("l");
    while (!failed && layers && (entry = readdir(layers))) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "l/%s", entry->d_name);
        if (umount2(path, DETACH) || rmdir(path)) failed = "layer";
    }
    if (layers) closedir(layers);
    return failed;
}

/* Delete all that was given and written. */
static const char *reset(void) {
    const char *failed = unmount_workspace(WORK);
    if (!failed) failed = unmount_layers();
    return failed ? failed : delete_written();
}

const char *stage_request(const struct frame *frame, int *shared) {
    char *first = frame->payload, *second = frame->size ? memchr(first, 0, frame->size - 1) : NULL;
    errno = EINVAL;
    if (!second++ || first[frame->size - 1]) return "request";
    switch (frame->type) {
    case 'M': return mount_workspace(WORK, first, second);
    case 'J': return merge_layers(first, second);
    case 'D': return delete_upper(first);
    case 'C': return empty_temporary();
    case 'N': return reset();
    case 'T': return frame->descriptor < 0 ? "request" : mount_layer(first, frame->descriptor);
    case 'G': return share(first, shared);
    }
    return "request";
}
