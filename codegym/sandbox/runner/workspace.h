/* A stage and the workspaces laid on it: what the keeper does for an embedded box, and the runner in a container itself.
 *
 * The stage is a tmpfs of limited size, or for the keeper a folder on disk, and the current folder of whoever includes
 * this. On it: u/N what the box wrote, k/N overlayfs's work folders, tmp and shm what the box has at /tmp and /dev/shm,
 * none an empty folder. A request returns NULL, or what failed, with errno set. */
#include <linux/mount.h>

#include "layers.h"

/* From <sys/mount.h>, which older C libraries can't include beside <linux/mount.h>. */
extern int mount(const char *, const char *, const char *, unsigned long, const void *);
extern int umount2(const char *, int);
enum { DETACH = 2 };

enum { BORN_FD = 4 }; /* where a keeper hears that the runner has started */

static bool laid; /* whether a workspace is mounted */

static void die(const char *what);

static void put(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) die(path);
    close(fd);
}

static void mount_stage(const char *path, const char *size, const char *inodes) {
    char options[128];
    snprintf(options, sizeof options, "size=%s,nr_inodes=%s,mode=755", size, inodes);
    if (mount("codegym", path, "tmpfs", MS_NOSUID | MS_NODEV, options)) die("stage");
}

/* Enter the stage that is on `path`; `more` are the folders, besides those above, that it is to have. */
static void make_stage(const char *path, const char **more) {
    if (chdir(path)) die("stage");
    const char *folders[] = {"l", "u", "k", "tmp", "shm", "none", "tmp/home"};
    for (int i = 0; i < 7; i++) if (mkdir(folders[i], 0755)) die(folders[i]);
    for (; *more; more++) if (mkdir(*more, 0755)) die(*more);
    if (chmod("tmp", 01777) || chmod("shm", 01777)) die("tmp");
}

static const char *take_away(const char *work) {
    if (laid && umount2(work, DETACH)) return "umount";
    laid = false;
    return NULL;
}

/* Lay u/UPPER, made if missing, over the lower folders (topmost first, a colon between) on `work`. */
static const char *lay(const char *work, const char *upper, const char *lowers) {
    static char options[4096], u[64], k[64]; const char *failed;
    snprintf(u, sizeof u, "u/%.32s", upper); snprintf(k, sizeof k, "k/%.32s", upper);
    if ((mkdir(u, 0755) && errno != EEXIST) || (mkdir(k, 0755) && errno != EEXIST)) return u;
    int n = snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s,workdir=%s,userxattr,index=off,metacopy=off", lowers, u, k);
    if (n >= (int)sizeof options) { errno = E2BIG; return "layers"; }
    if ((failed = take_away(work))) return failed;
    laid = mount("codegym", work, "overlay", MS_NOSUID | MS_NODEV, options) == 0;
    return laid ? NULL : "overlay";
}

/* Make u/UPPER, which holds what the lower folders, written by boxes, hold together. */
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

/* Empty what the box has at /tmp and /dev/shm. */
static const char *sweep(void) {
    if (!renew("tmp", 01777) || !renew("shm", 01777)) return "tmp";
    return mkdir("tmp/home", 0755) ? "tmp/home" : NULL;
}

/* Delete all that the box wrote; no workspace may be laid. */
static const char *forget_layers(void) {
    return renew("u", 0755) && renew("k", 0755) ? sweep() : "layers";
}
