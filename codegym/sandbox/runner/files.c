/* Read, write and delete a file of the box; see files.h. The box chose what is at the path: only regular files are
 * opened, without waiting. */
#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int copy(int from, int to) {
    char piece[PIECE];
    ssize_t n, m;
    while ((n = read(from, piece, sizeof piece)) > 0)
        for (ssize_t at = 0; at < n; at += m)
            if ((m = write(to, piece + at, (size_t)(n - at))) < 0) return errno;
    return n < 0 ? errno : 0;
}

static int open_regular(const char *path, int flags) {
    struct stat st;
    int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC, 0644);
    if (fd < 0) return -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) return fd;
    errno = S_ISDIR(st.st_mode) ? EISDIR : EACCES;
    return -1;
}

static int read_file(const char *path) {
    int fd = open_regular(path, O_RDONLY);
    return fd < 0 ? errno : copy(fd, 1);
}

static int write_file(char *path, const char *mode) {
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(path, 0755) && errno != EEXIST) return errno;
        *slash = '/';
    }
    int fd = open_regular(path, O_WRONLY | O_CREAT | O_TRUNC);
    if (fd < 0) return errno;
    int error = copy(0, fd);
    if (!error && fchmod(fd, (mode_t)strtol(mode, NULL, 8))) error = errno;
    return error;
}

/* Delete a file, and those of its folders in the workspace that are then empty. */
static int delete_file(char *path) {
    const size_t workspace = strlen("/work");
    if (unlink(path)) return errno;
    if (strncmp(path, "/work/", workspace + 1)) return 0;
    for (char *slash = strrchr(path, '/'); slash > path + workspace; slash = strrchr(path, '/')) {
        *slash = 0;
        if (rmdir(path)) break;
    }
    return 0;
}

int file_operation(struct request *request) {
    if (request->op == 'w') return write_file(request->argv[0], request->argv[1]);
    if (request->op == 'd') return delete_file(request->argv[0]);
    return read_file(request->argv[0]);
}
