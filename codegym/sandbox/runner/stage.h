/* The stage of a box in a container: the runner lays the workspace itself, in namespaces of its own.
 *
 * A container gives us no capability and needs none. The runner makes a user namespace, in which it has all, and a
 * mount namespace that belongs to it; there it mounts a tmpfs of limited size (the stage) and, again and again,
 * overlays of folders on the stage at WORK. Its children drop what it has before they become a command. So a new
 * workspace takes no new container, what is written has a hard limit, and the host sees none of these mounts.
 *
 * On the stage (workspace.h), l/N is a layer that was given to us. Commands have no path to the stage: their root, and
 * the runner's, is a copy of the container's tree of mounts, bound on r. The runner's current folder is the stage,
 * outside of that root, and the host holds a descriptor of it.
 */
#include <sched.h>
#include <sys/un.h>

#include "workspace.h"

#define STAGE "/.codegym"
#define WORK "/work"
enum { BOX_USER = 1000 };

static bool staged; /* whether there is a stage */

/* ---- building it, once ---- */

static int dial(const char *path) {
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
    put("/proc/self/setgroups", "deny"); put("/proc/self/uid_map", users); put("/proc/self/gid_map", groups);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) die("private mounts");
}

static void cover(const char *from, const char *path, unsigned long flags) {
    if (mount(from, path, NULL, MS_BIND, NULL)) { if (errno != ENOENT) die(path); return; }
    if (flags && mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | flags, NULL)) die(path);
}

/* What the image or the engine shows that no build or test needs, and where a box could leave something behind. */
static void hide(void) {
    const unsigned long sealed = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    const char *folders[] = {"/sys", "/dev/mqueue", "/proc/fs", STAGE};
    const char *files[] = {"/proc/cmdline", "/proc/keys", "/proc/kallsyms"}, *devices[] = {"/dev", "/dev/pts"};
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY}; /* devices can be written to all the same: root.h */
    for (int i = 0; i < 3; i++) cover("/dev/null", files[i], 0);
    for (int i = 0; i < 4; i++) cover("none", folders[i], sealed);
    for (int i = 0; i < 2; i++)
        if (syscall(SYS_mount_setattr, AT_FDCWD, devices[i], 0, &read_only, sizeof read_only) && errno != ENOENT) die(devices[i]);
}

static void build_stage(const char *size, const char *inodes) {
    mount_stage(STAGE, size, inodes);
    make_stage(STAGE, (const char *[]){"r", NULL});
    if (mount("/", "r", NULL, MS_BIND | MS_REC, NULL) || chroot("r")) die("root");
    cover("tmp", "/tmp", MS_NOSUID | MS_NODEV); cover("shm", "/dev/shm", MS_NOSUID | MS_NODEV);
    hide();
    staged = true;
}

/* ---- requests: each returns NULL, or what failed, with errno set ---- */

static const char *take(const char *name, int given) {
    if (mkdir(name, 0755)) return name;
    return syscall(SYS_move_mount, given, "", AT_FDCWD, name, MOVE_MOUNT_F_EMPTY_PATH) ? "move_mount" : NULL;
}

static const char *share(const char *name, int *shared) {
    *shared = (int)syscall(SYS_open_tree, AT_FDCWD, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    return *shared < 0 ? "open_tree" : NULL;
}

/* Let go of all that was taken and written. */
static const char *forget(void) {
    struct dirent *entry; char path[300]; const char *failed = take_away(WORK); DIR *taken = opendir("l");
    while (!failed && taken && (entry = readdir(taken))) {
        snprintf(path, sizeof path, "l/%s", entry->d_name);
        if (entry->d_name[0] != '.' && (umount2(path, DETACH) || rmdir(path))) failed = "layer";
    }
    if (taken) closedir(taken);
    return failed ? failed : forget_layers();
}

/* Do what a frame asks for: `words` holds two C strings. `given` is a descriptor that came with it, or -1. */
static const char *stage_request(char type, char *words, uint32_t size, int given, int *shared) {
    char *second = size ? memchr(words, 0, size - 1) : NULL;
    errno = EINVAL;
    if (!second++ || words[size - 1]) return "request";
    switch (type) {
    case 'M': return lay(WORK, words, second);
    case 'J': return join(words, second);
    case 'D': return discard(words);
    case 'C': return sweep();
    case 'N': return forget();
    case 'T': return given < 0 ? "request" : take(words, given);
    case 'G': return share(words, shared);
    }
    return "request";
}
