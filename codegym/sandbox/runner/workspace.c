/* A stage and the workspaces mounted on it; see workspace.h. */
#define _GNU_SOURCE
#include "workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "die.h"
#include "layers.h"

static bool is_mounted; /* whether there is a workspace */

void put(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) die(path);
    close(fd);
}

void mount_stage(const char *path, const char *size, const char *inodes) {
    char options[128];
    snprintf(options, sizeof options, "size=%s,nr_inodes=%s,mode=755", size, inodes);
    if (mount("codegym", path, "tmpfs", MS_NOSUID | MS_NODEV, options)) die("stage");
}

void make_stage(const char *path, const char **more) {
    const char *folders[] = {"l", "u", "k", "tmp", "shm", "none", "tmp/home", NULL};
    if (chdir(path)) die("stage");
    for (const char **folder = folders; *folder; folder++)
        if (mkdir(*folder, 0755)) die(*folder);
    for (; *more; more++)
        if (mkdir(*more, 0755)) die(*more);
    if (chmod("tmp", 01777) || chmod("shm", 01777)) die("tmp");
}

const char *unmount_workspace(const char *work) {
    if (is_mounted && umount2(work, DETACH)) return "umount";
    is_mounted = false;
    return NULL;
}

const char *mount_workspace(const char *work, const char *upper, const char *lowers) {
    static char options[4096], u[64], k[64];
    const char *failed;
    snprintf(u, sizeof u, "u/%.32s", upper);
    snprintf(k, sizeof k, "k/%.32s", upper);
    if (mkdir(u, 0755) && errno != EEXIST) return u;
    if (mkdir(k, 0755) && errno != EEXIST) return u;
    int n = snprintf(
        options, sizeof options,
        "lowerdir=%s,upperdir=%s,workdir=%s,userxattr,index=off,metacopy=off", lowers, u, k);
    if (n >= (int)sizeof options) {
        errno = E2BIG;
        return "layers";
    }
    if ((failed = unmount_workspace(work))) return failed;
    is_mounted = mount("codegym", work, "overlay", MS_NOSUID | MS_NODEV, options) == 0;
    return is_mounted ? NULL : "overlay";
}

const char *merge_layers(const char *upper, char *lowers) {
    char path[64], *layer = lowers;
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
    empty_folder(fd);
    close(fd);
    return rmdir(path) ? path : NULL;
}

const char *delete_upper(const char *upper) {
    static char path[64];
    const char *failed;
    snprintf(path, sizeof path, "u/%.32s", upper);
    if ((failed = delete_folder(path))) return failed;
    path[0] = 'k';
    return delete_folder(path) && errno != ENOENT ? "work folder" : NULL;
}

const char *empty_temporary(void) {
    if (!renew_folder("tmp", 01777) || !renew_folder("shm", 01777)) return "tmp";
    return mkdir("tmp/home", 0755) ? "tmp/home" : NULL;
}

const char *delete_written(void) {
    if (!renew_folder("u", 0755) || !renew_folder("k", 0755)) return "layers";
    return empty_temporary();
}
