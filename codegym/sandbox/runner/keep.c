/* The keeper: holds a box's private mounts, starts bubblewrap in them, and lays a new workspace on request.
 *
 *     keep CONTROL OWNER DISK_BYTES INODES CGROUPS STORES BINDS [folder] store... bind... bwrap arg...
 *
 * It makes user, mount and network namespaces of its own, mounts a tmpfs of limited size on /tmp there (the stage; when
 * DISK_BYTES is 0: the empty `folder`, which whoever gave it deletes in the end), and binds the folders that hold base
 * trees to l/0... and other things that the box needs to b/0... on it. The workspace is an overlayfs on w, a shared
 * mount that bubblewrap binds at /work: what is mounted there later shows up in the box. Nothing else of this exists
 * outside these namespaces, so nothing else is left when their last process is gone.
 *
 * Root does not stay root: the namespace's only user is BOX_ID of the host, which owns nothing but that folder and is
 * nobody, and the stores, which are root's, are bound with their owner mapped to it.
 *
 * Requests on descriptor CONTROL, a packet each; the answer is a packet, "0" or "<errno> <what failed>":
 *     m UPPER LOWER:...  lay u/UPPER (made if missing) over the lower folders (paths on the stage, topmost first)
 *     f UPPER LOWER:...  make u/UPPER, which holds what the lower folders, written by boxes, hold together
 *     d UPPER            delete u/UPPER
 *     c                  empty the box's /tmp and /dev/shm
 *     x                  answer with descriptors of the mounts that hold the box's layers: u, f/0, f/1...
 *     i                  take such descriptors of another keeper, sent along: they become f/0, f/1...
 *     r                  forget: no workspace, no layer, no f, an empty /tmp and /dev/shm
 * It ends, and with it the box, when its owner ends, when CONTROL closes, or when bubblewrap ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workspace.h"

#define STAGE "/tmp"
enum { BOX_ID = 900001000, MAX_FORKS = 250 };

static int control;
static int forks; /* how many mounts of other keepers are on f */

static void die(const char *what) { dprintf(2, "keeper: %s: %s\n", what, strerror(errno)); _exit(70); }

static void enter_cgroups(char *list) {
    for (char *path = strtok(list, ":"); path; path = strtok(NULL, ":")) put(path, "0");
}

static void write_maps(pid_t pid, unsigned uid, unsigned gid) {
    char path[64], map[64];
    snprintf(path, sizeof path, "/proc/%d/setgroups", pid); put(path, "deny");
    snprintf(path, sizeof path, "/proc/%d/uid_map", pid); snprintf(map, sizeof map, "0 %u 1", uid); put(path, map);
    snprintf(path, sizeof path, "/proc/%d/gid_map", pid); snprintf(map, sizeof map, "0 %u 1", gid); put(path, map);
}

static void private_mounts(void) {
    if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) die("private mounts");
}

static int open_namespace(pid_t pid, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) die(path);
    return fd;
}

/* Make a user namespace without entering it, with BOX_ID for its only user. */
static int box_namespace(void) {
    int ready[2]; char byte;
    if (pipe2(ready, O_CLOEXEC)) die("pipe");
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (unshare(CLONE_NEWUSER) || write(ready[1], "", 1) != 1) _exit(1);
        for (;;) pause();
    }
    close(ready[1]);
    if (pid < 0 || read(ready[0], &byte, 1) != 1) die("unshare (are user namespaces allowed?)");
    write_maps(pid, BOX_ID, BOX_ID);
    int fd = open_namespace(pid, "user");
    kill(pid, SIGKILL); waitpid(pid, NULL, 0); close(ready[0]);
    return fd;
}

static void enter_user_namespace(int fd) {
    if (setns(fd, CLONE_NEWUSER) || setresgid(0, 0, 0) || setresuid(0, 0, 0)) die("user namespace");
    if (prctl(PR_SET_DUMPABLE, 1)) die("prctl");
}

/* Asked for where it can be: in a container of somebody else's, /proc/sys may be read-only. */
static void ask_sysctl(const char *path, const char *value) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, value, strlen(value)) < 0) die(path);
    if (fd >= 0) close(fd);
}

/* A network with nothing but a loopback, which remembers nothing of who connected to what: TCP would. */
static void private_network(void) {
    struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = unshare(CLONE_NEWNET) ? -1 : socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &loopback)) die("network");
    close(fd);
    ask_sysctl("/proc/sys/net/ipv4/tcp_no_metrics_save", "1");
    ask_sysctl("/proc/sys/net/ipv4/tcp_fastopen", "0");
}

/* Where something is mounted below, who is not root may not see what that covers, and has to take it along. */
static int clone_mount(const char *path, bool along) {
    const unsigned clone = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
    int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, clone);
    if (fd < 0 && errno == EINVAL && along) fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, clone | AT_RECURSIVE);
    if (fd < 0) die(path);
    return fd;
}

static int take_stage(const char *path, bool give) {
    struct mount_attr sealed = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    int fd = clone_mount(path, false);
    if (give && chown(path, BOX_ID, BOX_ID)) die(path);
    if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &sealed, sizeof sealed)) die("mount_setattr");
    return fd;
}

static int take(const char *path, int owner_map) {
    struct mount_attr map = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (unsigned)owner_map};
    int fd = clone_mount(path, owner_map < 0);
    if (owner_map >= 0 && syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &map, sizeof map)) {
        dprintf(2, "keeper: %s: this file system can't map owners (%s): put codegym's cache on ext4, xfs, btrfs or "
                "tmpfs, or run as an ordinary user\n", path, strerror(errno));
        _exit(70);
    }
    return fd;
}

/* Enter the namespaces; `fds` get what `paths` name, the first `stores` of them with their owner mapped. Return a mount of
 * the folder `stage`, now the box's, or -1 if it is NULL. */
static int enter(const char *stage, int stores, int count, char **paths, int *fds) {
    int map = -1;
    if (geteuid() == 0) {
        map = box_namespace();
        if (setgroups(0, NULL)) die("setgroups");
    } else {
        unsigned uid = geteuid(), gid = getegid();
        if (unshare(CLONE_NEWUSER)) die("unshare (are user namespaces allowed?)");
        write_maps(getpid(), uid, gid);
    }
    private_mounts();
    int staged = stage ? take_stage(stage, map >= 0) : -1;
    for (int i = 0; i < count; i++) fds[i] = take(paths[i], i < stores ? map : -1);
    if (map >= 0) {
        enter_user_namespace(map);
        private_mounts();
    }
    private_network();
    return staged;
}

static void place(int fd, const char *folder, int number) {
    char path[32]; struct stat st;
    snprintf(path, sizeof path, "%s/%d", folder, number);
    if (fstat(fd, &st)) die(path);
    if (S_ISDIR(st.st_mode) ? mkdir(path, 0755) : mknod(path, S_IFREG | 0644, 0)) die(path);
    if (syscall(SYS_move_mount, fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH)) die(path);
    close(fd);
}

static void build_stage(int stores, int count, const int *fds) {
    make_stage(STAGE, (const char *[]){"b", "f", "w", NULL});
    for (int i = 0; i < count; i++) place(fds[i], i < stores ? "l" : "b", i < stores ? i : i - stores);
    if (mount("w", "w", NULL, MS_BIND, NULL) || mount(NULL, "w", NULL, MS_SHARED, NULL)) die("workspace");
}

/* ---- requests ---- */

static const char *export(void) {
    char control_data[CMSG_SPACE(sizeof(int) * (MAX_FORKS + 1))] = {0}, path[32];
    int fds[MAX_FORKS + 1], count = 0;
    struct iovec text = {"0", 1};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = control_data};
    while (count <= forks) {
        snprintf(path, sizeof path, count ? "f/%d" : "u", count - 1);
        fds[count] = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (fds[count++] < 0) return "open_tree";
    }
    message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET; head->cmsg_type = SCM_RIGHTS; head->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
    memcpy(CMSG_DATA(head), fds, sizeof(int) * (size_t)count);
    const char *failed = sendmsg(control, &message, 0) < 0 ? "sendmsg" : NULL;
    for (int error = errno; count; errno = error) close(fds[--count]);
    return failed;
}

static const char *import(const int *fds, int count) {
    char path[32];
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "f/%d", forks);
        if (mkdir(path, 0755) || syscall(SYS_move_mount, fds[i], "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH)) return "import";
        forks++;
    }
    return NULL;
}

static const char *forget(void) {
    char path[32]; const char *failed = take_away("w");
    for (; !failed && forks > 0; forks--) {
        snprintf(path, sizeof path, "f/%d", forks - 1);
        if (umount2(path, DETACH) || rmdir(path)) failed = "fork";
    }
    return failed ? failed : forget_layers();
}

static void handle_request(void) {
    char line[8192], *second, control_data[CMSG_SPACE(sizeof(int) * (MAX_FORKS + 1))]; const char *failed = "request";
    struct iovec text = {line, sizeof line - 1};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = control_data, .msg_controllen = sizeof control_data};
    ssize_t n = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
    if (n <= 0) _exit(0);
    line[n] = 0;
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    int *fds = head ? (int *)CMSG_DATA(head) : NULL, count = head ? (int)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int)) : 0;
    if (n > 2 && (second = strchr(line + 2, ' '))) *second++ = 0;
    else second = "";
    errno = EINVAL;
    switch (line[0]) {
    case 'm': if (*second) failed = lay("w", line + 2, second); break;
    case 'f': if (*second) failed = join(line + 2, second); break;
    case 'd': failed = discard(line + 2); break;
    case 'c': failed = sweep(); break;
    case 'x': if (!(failed = export())) return; break;
    case 'i': failed = import(fds, count); break;
    case 'r': failed = forget(); break;
    }
    if (failed) dprintf(control, "%d %s", errno, failed);
    else dprintf(control, "0");
    while (count) close(fds[--count]);
}

static pid_t start(char **argv) {
    pid_t pid = fork();
    if (pid < 0) die("fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execvp(argv[0], argv);
        die(argv[0]);
    }
    return pid;
}

int main(int argc, char **argv) {
    if (argc < 9) { fputs("keeper: too few arguments\n", stderr); return 64; }
    control = atoi(argv[1]);
    char **paths = argv + 8, *stage = strcmp(argv[3], "0") ? NULL : *paths++;
    int stores = atoi(argv[6]), count = stores + atoi(argv[7]), fds[count + 1];
    int owner = (int)syscall(SYS_pidfd_open, atoi(argv[2]), 0);
    if (owner < 0 || getppid() != atoi(argv[2])) die("owner");
    fcntl(control, F_SETFD, FD_CLOEXEC); fcntl(owner, F_SETFD, FD_CLOEXEC);
    put("/proc/self/oom_score_adj", "1000");
    enter_cgroups(argv[5]);
    int staged = enter(stage, stores, count, paths, fds);
    if (staged < 0) mount_stage(STAGE, argv[3], argv[4]);
    else if (syscall(SYS_move_mount, staged, "", AT_FDCWD, STAGE, MOVE_MOUNT_F_EMPTY_PATH)) die("stage");
    build_stage(stores, count, fds);
    pid_t box = start(paths + count);
    int ended = (int)syscall(SYS_pidfd_open, box, 0), null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (ended < 0 || null < 0) die("bubblewrap");
    dup2(null, 0); dup2(null, 1);
    struct pollfd watched[] = {{control, POLLIN, 0}, {owner, POLLIN, 0}, {ended, POLLIN, 0}};
    while (poll(watched, 3, -1) >= 0 || errno == EINTR) {
        if (watched[1].revents || watched[2].revents) break;
        if (watched[0].revents) handle_request();
    }
    kill(box, SIGKILL);
    waitpid(box, NULL, 0);
    return 0;
}
