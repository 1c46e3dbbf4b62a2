/* The keeper: holds a box's private mounts, starts bubblewrap in them, and lays a new workspace on request.
 *
 *     keep CONTROL OWNER DISK_BYTES INODES STORES BINDS LINKS [folder] store... (from to)... (text path)... bwrap arg...
 *
 * It makes user, mount and network namespaces of its own, mounts a tmpfs of limited size on /tmp there (the stage; when
 * DISK_BYTES is 0: the empty `folder`, which whoever gave it deletes in the end), and binds the folders that hold base
 * trees to l/0... on it. On r it builds the box's root, a small tmpfs that nobody can write to in the end: what is bound
 * from the host, symbolic links, /dev, and the folders of the stage that the box writes to. Bubblewrap takes r as a whole,
 * since for each mount of its own it would read the list of all mounts again. The workspace is an overlayfs on r/work, a
 * shared mount: what is mounted there later shows up in the box. Nothing else of this exists outside these namespaces, so
 * nothing else is left when their last process is gone.
 *
 * Root does not stay root: the namespace's only user is BOX_ID of the host, which owns nothing but that folder and is
 * nobody, and the stores, which are root's, are bound with their owner mapped to it.
 *
 * Requests on descriptor CONTROL, a packet each; the answer is a packet, "0" or "<errno> <what failed>":
 *     g                  enter control groups, by writing to descriptors sent along, and start the box; this comes first
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
#include <stdint.h>
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
#define WORK "r/work"
enum { BOX_ID = 900001000, MAX_FORKS = 250 };

/* What a box is made of; `bind` and `link` hold two words for each, `fds` the mounts taken for stores and binds. */
struct plan {
    const char *disk_bytes, *inodes, *stage;
    int stores, binds, links, stage_fd, *fds;
    char **store, **bind, **link, **box;
};

static int control;
static pid_t box; /* once it is started */
static int forks; /* how many mounts of other keepers are on f */

static void die(const char *what) { dprintf(2, "keeper: %s: %s\n", what, strerror(errno)); _exit(70); }

static void write_maps(pid_t pid, unsigned uid, unsigned gid) {
    char path[64], map[64];
    snprintf(path, sizeof path, "/proc/%d/setgroups", pid); put(path, "deny");
    snprintf(path, sizeof path, "/proc/%d/uid_map", pid); snprintf(map, sizeof map, "0 %u 1", uid); put(path, map);
    snprintf(path, sizeof path, "/proc/%d/gid_map", pid); snprintf(map, sizeof map, "0 %u 1", gid); put(path, map);
}

static int open_namespace(pid_t pid, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) die(path);
    return fd;
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

/* Make a user namespace without entering it, with one user. */
static int make_user_namespace(unsigned uid, unsigned gid) {
    pid_t self = getpid(), pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (pid < 0) die("clone (are user namespaces allowed?)");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (getppid() == self) pause();
        _exit(0);
    }
    write_maps(pid, uid, gid);
    int fd = open_namespace(pid, "user");
    kill(pid, SIGKILL); waitpid(pid, NULL, 0);
    return fd;
}

static void enter_user_namespace(int fd) {
    if (setns(fd, CLONE_NEWUSER) || setresgid(0, 0, 0) || setresuid(0, 0, 0)) die("user namespace");
    if (prctl(PR_SET_DUMPABLE, 1)) die("prctl");
    close(fd);
}

/* ---- what it takes from the host, and where it puts it ---- */

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

/* A device can be used through a bind, anything else only be read. */
static int take_bind(const char *path) {
    struct stat st;
    if (stat(path, &st)) die(path);
    bool device = S_ISCHR(st.st_mode);
    return take(path, AT_RECURSIVE, MOUNT_ATTR_NOSUID | (device ? MOUNT_ATTR_NOEXEC : MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV), -1);
}

/* Enter the namespaces with what is to come along: the stage, if it is a folder of the host, the stores and the binds.
 * Root takes them before it is somebody else, and has the stores' owner mapped; others may take nothing before. */
static void enter(struct plan *plan) {
    bool root = geteuid() == 0;
    int users = make_user_namespace(root ? BOX_ID : geteuid(), root ? BOX_ID : getegid());
    if (root && setgroups(0, NULL)) die("setgroups");
    if (!root) enter_user_namespace(users);
    if (!root && unshare(CLONE_NEWNS)) die("private mounts");
    plan->stage_fd = plan->stage ? take_stage(plan->stage, root) : -1;
    for (int i = 0; i < plan->stores; i++) plan->fds[i] = take_store(plan->store[i], root ? users : -1);
    for (int i = 0; i < plan->binds; i++) plan->fds[plan->stores + i] = take_bind(plan->bind[2 * i]);
    if (root) enter_user_namespace(users);
    if (root && unshare(CLONE_NEWNS)) die("private mounts");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) die("private mounts");
    private_network();
}

/* Make the folders above `path`, which this changes for a while only, and where there is nothing a folder or a file there. */
static void make_point(char *path, bool folder) {
    for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(path, 0755) && errno != EEXIST) die(path);
        *slash = '/';
    }
    if ((folder ? mkdir(path, 0755) : mknod(path, S_IFREG | 0644, 0)) && errno != EEXIST) die(path);
}

static void place(int fd, char *path) {
    struct stat st;
    if (fstat(fd, &st)) die(path);
    make_point(path, S_ISDIR(st.st_mode));
    if (syscall(SYS_move_mount, fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH)) die(path);
    close(fd);
}

static void build_stage(const struct plan *plan) {
    char path[32];
    if (plan->stage_fd < 0) mount_stage(STAGE, plan->disk_bytes, plan->inodes);
    else if (syscall(SYS_move_mount, plan->stage_fd, "", AT_FDCWD, STAGE, MOVE_MOUNT_F_EMPTY_PATH)) die("stage");
    make_stage(STAGE, (const char *[]){"f", "r", NULL});
    for (int i = 0; i < plan->stores; i++) { snprintf(path, sizeof path, "l/%d", i); place(plan->fds[i], path); }
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
    if (mount("devpts", pts, "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620")) die("devpts");
    bind_own("../tmp", tmp); bind_own("../shm", shm); bind_own("../none", work);
    if (mount(NULL, work, NULL, MS_SHARED, NULL)) die("workspace");
    if (mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | sealed, NULL) || chdir("..")) die("root");
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
    char path[32]; const char *failed = take_away(WORK);
    for (; !failed && forks > 0; forks--) {
        snprintf(path, sizeof path, "f/%d", forks - 1);
        if (umount2(path, DETACH) || rmdir(path)) failed = "fork";
    }
    return failed ? failed : forget_layers();
}

/* Writing "0" spares the kernel what it has to do before it moves another process than the one that writes. */
static const char *start_box(char **argv, const int *groups, int count) {
    pid_t self = getpid(), pid;
    int none = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < count; i++) if (write(groups[i], "0", 1) != 1) return "control group";
    if (none < 0 || box || (pid = fork()) < 0) return "fork";
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != self) _exit(70);
        execvp(argv[0], argv);
        die(argv[0]);
    }
    box = pid;
    dup2(none, 0); dup2(none, 1); close(none); /* the runner's stream is the box's alone */
    return NULL;
}

static void handle_request(char **argv) {
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
    case 'g': failed = start_box(argv, fds, count); break;
    case 'm': if (*second) failed = lay(WORK, line + 2, second); break;
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

static struct plan parse(char **words) {
    struct plan plan = {.disk_bytes = words[0], .inodes = words[1]};
    plan.stores = atoi(words[2]); plan.binds = atoi(words[3]); plan.links = atoi(words[4]);
    words += 5;
    if (!strcmp(plan.disk_bytes, "0")) plan.stage = *words++;
    plan.store = words; plan.bind = plan.store + plan.stores; plan.link = plan.bind + 2 * plan.binds;
    plan.box = plan.link + 2 * plan.links;
    if (!(plan.fds = calloc((size_t)(plan.stores + plan.binds + 1), sizeof *plan.fds))) die("memory");
    return plan;
}

int main(int argc, char **argv) {
    if (argc < 9) { fputs("keeper: too few arguments\n", stderr); return 64; }
    control = atoi(argv[1]);
    int owner = (int)syscall(SYS_pidfd_open, atoi(argv[2]), 0);
    if (owner < 0 || getppid() != atoi(argv[2])) die("owner");
    fcntl(control, F_SETFD, FD_CLOEXEC); fcntl(owner, F_SETFD, FD_CLOEXEC);
    put("/proc/self/oom_score_adj", "1000");
    struct plan plan = parse(argv + 3);
    enter(&plan);
    build_stage(&plan);
    build_root(&plan);
    struct pollfd watched[] = {{control, POLLIN, 0}, {owner, POLLIN, 0}, {-1, POLLIN, 0}};
    while (poll(watched, 3, -1) >= 0 || errno == EINTR) {
        if (watched[1].revents || watched[2].revents) break;
        if (watched[0].revents) handle_request(plan.box);
        if (box && watched[2].fd < 0 && (watched[2].fd = (int)syscall(SYS_pidfd_open, box, 0)) < 0) die("box");
    }
    if (box) { kill(box, SIGKILL); waitpid(box, NULL, 0); }
    return 0;
}
