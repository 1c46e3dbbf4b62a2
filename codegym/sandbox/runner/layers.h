/* What a box wrote, on the keeper's stage: emptying folders, and laying layers over each other in a new one.
 * An adversary chose every name, mode and depth, so that nothing is followed and recursion is bounded. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { MAX_DEPTH = 200 };

/* Entries are moved up before they are removed, so that depth costs neither stack nor descriptors. */
static void empty(int top) {
    static unsigned serial; char moved[32]; struct dirent *entry; bool again = true;
    while (again) {
        again = false;
        DIR *folder = fdopendir(openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        while (folder && (entry = readdir(folder))) {
            const char *name = entry->d_name;
            if (!strcmp(name, ".") || !strcmp(name, "..") || unlinkat(top, name, 0) == 0) continue;
            if (unlinkat(top, name, AT_REMOVEDIR) == 0) continue;
            fchmodat(top, name, 0700, 0);
            int inner = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            DIR *child = inner < 0 ? NULL : fdopendir(inner);
            while (child && (entry = readdir(child))) {
                if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
                if (unlinkat(inner, entry->d_name, 0) == 0) continue;
                snprintf(moved, sizeof moved, ".gone-%u", serial++);
                fchmodat(inner, entry->d_name, 0700, 0);
                again |= renameat(inner, entry->d_name, top, moved) == 0;
            }
            if (child) closedir(child);
            unlinkat(top, name, AT_REMOVEDIR);
        }
        if (folder) closedir(folder);
    }
}

/* Empty a folder that the box may write, and undo what can be done to the folder itself. */
static bool renew(const char *path, mode_t mode) {
    static char names[65536]; ssize_t n; int none = 0, ext4 = FS_EXTENT_FL; /* every folder of ext4 has that one */
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fchmod(fd, mode)) return false;
    if (ioctl(fd, FS_IOC_SETFLAGS, &ext4)) ioctl(fd, FS_IOC_SETFLAGS, &none); /* fails where there are no flags */
    empty(fd);
    n = flistxattr(fd, names, sizeof names);
    for (char *name = names; name < names + n; name += strlen(name) + 1) fremovexattr(fd, name);
    bool done = fchmod(fd, mode) == 0 && futimens(fd, NULL) == 0;
    close(fd);
    return done;
}

/* ---- flattening: files get a second link where that can be, and are copied where not ---- */

static bool is_whiteout(const struct stat *st) { return S_ISCHR(st->st_mode) && st->st_rdev == 0; }

static void delete_entry(int folder, const char *name) {
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT) return;
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) { empty(fd); close(fd); }
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

static bool copy_file(int from, int to, const char *name, const struct stat *st) {
    char target[4096]; ssize_t n;
    if (S_ISLNK(st->st_mode)) {
        if ((n = readlinkat(from, name, target, sizeof target - 1)) < 0) return false;
        target[n] = 0;
        return symlinkat(target, to, name) == 0;
    }
    if (!S_ISREG(st->st_mode)) return mknodat(to, name, st->st_mode, st->st_rdev) == 0 || !is_whiteout(st);
    int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool done = in >= 0 && out >= 0;
    while (done && (n = copy_file_range(in, NULL, out, NULL, 1 << 30, 0)) != 0) done = n > 0;
    done = done && copy_attributes(in, out, st);
    if (in >= 0) close(in);
    if (out >= 0) close(out);
    return done;
}

static bool merge(int from, int to, bool covered, int depth);

static bool is_opaque(int folder) {
    char mark = 0;
    return fgetxattr(folder, "user.overlay.opaque", &mark, 1) == 1 && mark == 'y';
}

/* A folder of a higher layer joins that of lower ones, unless it replaces it: then what is below stays hidden. */
static bool merge_folder(int from, int to, const char *name, bool covered, int depth) {
    struct stat st, below;
    int source = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (source < 0 || fstat(source, &st)) return false;
    bool there = fstatat(to, name, &below, AT_SYMLINK_NOFOLLOW) == 0, joins = there && S_ISDIR(below.st_mode) && !is_opaque(source);
    if (there && !joins) delete_entry(to, name);
    if (!joins && mkdirat(to, name, 0700)) return false;
    int target = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool done = target >= 0 && copy_attributes(source, target, &st);
    if (done && there && !joins) done = fsetxattr(target, "user.overlay.opaque", "y", 1, 0) == 0;
    done = done && merge(source, target, covered || is_opaque(target), depth + 1) && copy_attributes(source, target, &st);
    if (target >= 0) close(target);
    close(source);
    return done;
}

/* `covered`: nothing of the base shows through here, so that what is deleted needs no mark. */
static bool merge(int from, int to, bool covered, int depth) {
    struct dirent *entry; struct stat st; bool done = depth < MAX_DEPTH;
    DIR *folder = fdopendir(openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    while (done && folder && (entry = readdir(folder))) {
        const char *name = entry->d_name;
        if (!strcmp(name, ".") || !strcmp(name, "..")) continue;
        if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW)) { done = false; break; }
        if (S_ISDIR(st.st_mode)) { done = merge_folder(from, to, name, covered, depth); continue; }
        delete_entry(to, name);
        if (is_whiteout(&st) && covered) continue;
        done = linkat(from, name, to, name, 0) == 0 || (errno == EXDEV && copy_file(from, to, name, &st));
    }
    if (folder) closedir(folder);
    return done && folder;
}

static bool merge_layer(const char *layer, int to) {
    struct stat st;
    int from = open(layer, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool done = from >= 0 && fstat(from, &st) == 0 && merge(from, to, false, 0) && copy_attributes(from, to, &st);
    if (from >= 0) close(from);
    return done;
}
