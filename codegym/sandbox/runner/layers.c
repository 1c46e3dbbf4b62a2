/* Emptying and merging of what a box wrote; see layers.h. */
#define _GNU_SOURCE
#include "layers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { MAX_DEPTH = 200 }; /* of folders that are merged */
enum { FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static bool is_dot(const char *name) { return !strcmp(name, ".") || !strcmp(name, ".."); }

/* Return a stream of the entries of `folder`, which stays open, or NULL. */
static DIR *list(int folder) { return fdopendir(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }

/* ---- emptying ---- */

/* Delete the entries of the folder `name` in `top`; move those that are folders with content up to `top`. Return
 * whether any was moved. */
static bool move_up(int top, const char *name) {
    static unsigned serial;
    char moved[32];
    bool any = false;
    struct dirent *entry;
    fchmodat(top, name, 0700, 0);
    int inner = openat(top, name, FOLDER);
    DIR *folder = inner < 0 ? NULL : fdopendir(inner);
    while (folder && (entry = readdir(folder))) {
        if (is_dot(entry->d_name) || unlinkat(inner, entry->d_name, 0) == 0) continue;
        snprintf(moved, sizeof moved, ".gone-%u", serial++);
        fchmodat(inner, entry->d_name, 0700, 0);
        any |= renameat(inner, entry->d_name, top, moved) == 0;
    }
    if (folder) closedir(folder);
    unlinkat(top, name, AT_REMOVEDIR);
    return any;
}

/* Entries are moved up before they are removed, so that depth costs neither stack nor descriptors. */
void empty_folder(int top) {
    struct dirent *entry;
    for (bool again = true; again;) {
        again = false;
        DIR *folder = list(top);
        while (folder && (entry = readdir(folder))) {
            const char *name = entry->d_name;
            if (is_dot(name) || unlinkat(top, name, 0) == 0) continue;
            if (unlinkat(top, name, AT_REMOVEDIR) == 0) continue;
            again |= move_up(top, name);
        }
        if (folder) closedir(folder);
    }
}

static void remove_attributes(int fd) {
    static char names[65536];
    ssize_t n = flistxattr(fd, names, sizeof names);
    for (char *name = names; name < names + n; name += strlen(name) + 1) fremovexattr(fd, name);
}

/* Clear the flags that make a folder immutable, where the file system has flags. */
static void clear_flags(int fd) {
    int none = 0, extents = FS_EXTENT_FL; /* every folder of ext4 has that one */
    if (ioctl(fd, FS_IOC_SETFLAGS, &extents)) ioctl(fd, FS_IOC_SETFLAGS, &none);
}

bool renew_folder(const char *path, mode_t mode) {
    int fd = open(path, FOLDER);
    if (fd < 0 || fchmod(fd, mode)) return false;
    clear_flags(fd);
    empty_folder(fd);
    remove_attributes(fd);
    bool done = fchmod(fd, mode) == 0 && futimens(fd, NULL) == 0;
    close(fd);
    return done;
}

/* ---- merging: files get a second link if possible, and are copied otherwise ---- */

static bool is_whiteout(const struct stat *st) { return S_ISCHR(st->st_mode) && st->st_rdev == 0; }

static bool is_opaque(int folder) {
    char mark = 0;
    return fgetxattr(folder, "user.overlay.opaque", &mark, 1) == 1 && mark == 'y';
}

static void delete_entry(int folder, const char *name) {
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT) return;
    int fd = openat(folder, name, FOLDER);
    if (fd >= 0) {
        empty_folder(fd);
        close(fd);
    }
    unlinkat(folder, name, AT_REMOVEDIR);
}

static bool copy_attributes(int from, int to, const struct stat *st) {
    static char names[65536], value[65536];
    ssize_t n = flistxattr(from, names, sizeof names), size;
    for (char *name = names; name < names + n; name += strlen(name) + 1)
        if ((size = fgetxattr(from, name, value, sizeof value)) >= 0) fsetxattr(to, name, value, (size_t)size, 0);
    struct timespec times[2] = {st->st_atim, st->st_mtim};
    return fchmod(to, st->st_mode & 07777) == 0 && futimens(to, times) == 0;
}

static bool copy_link(int from, int to, const char *name) {
    char target[4096];
    ssize_t n = readlinkat(from, name, target, sizeof target - 1);
    if (n < 0) return false;
    target[n] = 0;
    return symlinkat(target, to, name) == 0;
}

static bool copy_regular(int from, int to, const char *name, const struct stat *st) {
    const size_t piece = 1 << 30;
    ssize_t n;
    int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool done = in >= 0 && out >= 0;
    while (done && (n = copy_file_range(in, NULL, out, NULL, piece, 0)) != 0) done = n > 0;
    done = done && copy_attributes(in, out, st);
    if (in >= 0) close(in);
    if (out >= 0) close(out);
    return done;
}

/* A device or pipe that can't be made is left out, except for a whiteout. */
static bool copy_entry(int from, int to, const char *name, const struct stat *st) {
    if (S_ISLNK(st->st_mode)) return copy_link(from, to, name);
    if (S_ISREG(st->st_mode)) return copy_regular(from, to, name, st);
    return mknodat(to, name, st->st_mode, st->st_rdev) == 0 || !is_whiteout(st);
}

static bool merge(int from, int to, bool covered, int depth);

/* A folder of a higher layer joins that of lower ones, unless it replaces it: then what is below stays hidden. */
static bool merge_folder(int from, int to, const char *name, bool covered, int depth) {
    struct stat st, below;
    int source = openat(from, name, FOLDER);
    if (source < 0 || fstat(source, &st)) return false;
    bool exists = fstatat(to, name, &below, AT_SYMLINK_NOFOLLOW) == 0;
    bool joins = exists && S_ISDIR(below.st_mode) && !is_opaque(source);
    if (exists && !joins) delete_entry(to, name);
    if (!joins && mkdirat(to, name, 0700)) return false;
    int target = openat(to, name, FOLDER);
    bool done = target >= 0 && copy_attributes(source, target, &st);
    if (done && exists && !joins) done = fsetxattr(target, "user.overlay.opaque", "y", 1, 0) == 0;
    done = done && merge(source, target, covered || is_opaque(target), depth + 1);
    done = done && copy_attributes(source, target, &st); /* again: merging changed the times */
    if (target >= 0) close(target);
    close(source);
    return done;
}

static bool merge_entry(int from, int to, const char *name, bool covered, int depth) {
    struct stat st;
    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW)) return false;
    if (S_ISDIR(st.st_mode)) return merge_folder(from, to, name, covered, depth);
    delete_entry(to, name);
    if (is_whiteout(&st) && covered) return true;
    return linkat(from, name, to, name, 0) == 0 || (errno == EXDEV && copy_entry(from, to, name, &st));
}

/* `covered`: nothing of the base shows through here, so that what is deleted needs no mark. */
static bool merge(int from, int to, bool covered, int depth) {
    struct dirent *entry;
    bool done = depth < MAX_DEPTH;
    DIR *folder = list(from);
    while (done && folder && (entry = readdir(folder)))
        if (!is_dot(entry->d_name)) done = merge_entry(from, to, entry->d_name, covered, depth);
    if (folder) closedir(folder);
    return done && folder;
}

bool merge_layer(const char *layer, int to) {
    struct stat st;
    int from = open(layer, FOLDER);
    bool done = from >= 0 && fstat(from, &st) == 0;
    done = done && merge(from, to, false, 0) && copy_attributes(from, to, &st);
    if (from >= 0) close(from);
    return done;
}
