/* The stage of a box in a container: the runner lays the workspace itself, in namespaces of its own.
 *
 * A container gives us no capability and needs none. The runner makes a user namespace, in which it has all, and a
 * mount namespace that belongs to it; there it mounts a tmpfs of limited size (the stage) and, again and again,
 * overlays of folders on the stage at WORK. Its children drop what it has before they become a command. So a new
 * workspace takes no new container, what is written has a hard limit, and the host sees none of these mounts.
 *
 * On the stage: l/N a layer that was given to us, u/N what the box wrote, k/N overlayfs's work folders, tmp and shm
 * what the box has at /tmp and /dev/shm, none an empty folder. Commands have no path to the stage: their root, and the
 * runner's, is a copy of the container's tree of mounts, bound on r. The runner's current folder is the stage, outside
 * of that root, and the host holds a descriptor of it.
 */
#include <linux/mount.h>
#include <sched.h>
#include <sys/un.h>

#include "layers.h"

#define STAGE "/.codegym"
#define WORK "/work"
enum { BOX_USER = 1000, DETACH = 2 };

/* From <sys/mount.h>, which older C libraries can't include beside <linux/mount.h>. */
extern int mount(const char *, const char *, const char *, unsigned long, const void *);
extern int umount2(const char *, int);

static bool staged, laid; /* whether there is a stage; whether a workspace lies on it */

/* ---- building it, once ---- */

static int dial(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || strlen(path) >= sizeof address.sun_path) return -1;
    strcpy(address.sun_path, path);
    return connect(fd, (struct sockaddr *)&address, sizeof address) ? -1 : fd;
}

static void put(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) die(path);
    close(fd);
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
    const char *files[] = {"/proc/cmdline", "/proc/keys", "/proc/kallsyms"};
    for (int i = 0; i < 3; i++) cover("/dev/null", files[i], 0);
    for (int i = 0; i < 4; i++) cover("none", folders[i], sealed);
}

static void build_stage(const char *size, const char *inodes) {
    char options[128];
    snprintf(options, sizeof options, "size=%s,nr_inodes=%s,mode=755", size, inodes);
    if (mount("codegym", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, options) || chdir(STAGE)) die("stage");
    const char *folders[] = {"l", "u", "k", "r", "tmp", "shm", "none", "tmp/home"};
    for (int i = 0; i < 8; i++) if (mkdir(folders[i], 0755)) die(folders[i]);
    if (chmod("tmp", 01777) || chmod("shm", 01777)) die("tmp");
    if (mount("/", "r", NULL, MS_BIND | MS_REC, NULL) || chroot("r")) die("root");
    cover("tmp", "/tmp", MS_NOSUID | MS_NODEV); cover("shm", "/dev/shm", MS_NOSUID | MS_NODEV);
    hide();
    staged = true;
}

/* ---- requests: each returns NULL, or what failed, with errno set ---- */

static const char *lay(const char *upper, const char *lowers) {
    static char options[4096], u[64], k[64];
    if (laid && umount2(WORK, DETACH)) return "umount";
    laid = false;
    if (!*upper) return NULL;
    snprintf(u, sizeof u, "u/%.32s", upper); snprintf(k, sizeof k, "k/%.32s", upper);
    if ((mkdir(u, 0755) && errno != EEXIST) || (mkdir(k, 0755) && errno != EEXIST)) return u;
    int n = snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s,workdir=%s,userxattr,index=off,metacopy=off", lowers, u, k);
    if (n >= (int)sizeof options) { errno = E2BIG; return "layers"; }
    laid = mount("codegym", WORK, "overlay", MS_NOSUID | MS_NODEV, options) == 0;
    return laid ? NULL : "overlay";
}

static const char *delete_folder(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return path;
    empty(fd);
    close(fd);
    return rmdir(path) ? path : NULL;
}

static const char *discard(const char *upper) {
    static char path[64]; const char *failed;
    snprintf(path, sizeof path, "u/%.32s", upper);
    if ((failed = delete_folder(path))) return failed;
    path[0] = 'k';
    return delete_folder(path) && errno != ENOENT ? "work folder" : NULL;
}

static const char *join(const char *upper, char *lowers) {
    static char path[64]; char *layer = lowers;
    snprintf(path, sizeof path, "u/%.32s", upper);
    int to = mkdir(path, 0755) ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool done = to >= 0;
    while (done && layer != NULL) { /* the last is the lowest */
        if ((layer = strrchr(lowers, ':'))) *layer = 0;
        done = merge_layer(layer ? layer + 1 : lowers, to);
    }
    if (to >= 0) close(to);
    return done ? NULL : "layers";
}

static const char *sweep(void) {
    if (!renew("tmp", 01777) || !renew("shm", 01777)) return "tmp";
    return mkdir("tmp/home", 0755) ? "tmp/home" : NULL;
}

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
    struct dirent *entry; char path[300]; DIR *taken = opendir("l"); const char *failed = lay("", "");
    while (!failed && taken && (entry = readdir(taken))) {
        snprintf(path, sizeof path, "l/%s", entry->d_name);
        if (entry->d_name[0] != '.' && (umount2(path, DETACH) || rmdir(path))) failed = "layer";
    }
    if (taken) closedir(taken);
    if (!failed && (!renew("u", 0755) || !renew("k", 0755))) failed = "layers";
    return failed ? failed : sweep();
}

/* Do what a frame asks for: `words` holds two C strings. `given` is a descriptor that came with it, or -1. */
static const char *stage_request(char type, char *words, uint32_t size, int given, int *shared) {
    char *second = size ? memchr(words, 0, size - 1) : NULL;
    errno = EINVAL;
    if (!second++ || words[size - 1]) return "request";
    switch (type) {
    case 'M': return lay(words, second);
    case 'J': return join(words, second);
    case 'D': return discard(words);
    case 'C': return sweep();
    case 'N': return forget();
    case 'T': return given < 0 ? "request" : take(words, given);
    case 'G': return share(words, shared);
    }
    return "request";
}
