/* The keeper: holds a box's private mounts, starts bubblewrap in them, and lays a new workspace on request.
 *
 *     keep OWNER DISK_BYTES INODES WRITES STORES BINDS LINKS HIDDEN COVERED [folder] (file text)... store...
 *          (from to)... (text path)... hidden... covered... bwrap arg...
 *
 * It makes and enters control groups by writing to files, then makes user, mount and network namespaces of its own. There
 * it mounts a tmpfs of limited size on /tmp (the stage; when DISK_BYTES is 0: the empty `folder`, which whoever gave it
 * deletes in the end) and binds the folders that hold base trees to l/0... on it. On r it builds the box's root, a small
 * tmpfs that nobody can write to in the end: what is bound from the host, symbolic links, /dev, and the folders of the
 * stage that the box writes to. Bubblewrap takes r as a whole, since for each mount of its own it would read the list of
 * all mounts again. So the keeper also covers what /proc tells about the host, which bubblewrap mounts, as soon as the
 * runner says on BORN_FD that it is there; then it answers requests. The workspace is an overlayfs on r/work, a shared
 * mount: what is mounted there later shows up in the box. Nothing else of this exists outside these namespaces, so
 * nothing else is left when their last process is gone.
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
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "root.h"

#define WORK "r/work"
enum { MAX_FORKS = 250, CONTROL = 3, ROOT_FD = 3 };

static pid_t maker, box; /* who made the user namespace and is about to end; bubblewrap */
static int owner, ended; /* pidfds of who started this, and of bubblewrap */
static int forks; /* how many mounts of other keepers are on f */

static void die(const char *what) { dprintf(2, "keeper: %s: %s\n", what, strerror(errno)); _exit(70); }

/* Make and enter control groups: a folder has no text to be written, and what begins with '-' may be missing. */
static void enter_groups(const struct plan *plan) {
    for (char **word = plan->write; word < plan->store; word += 2) {
        if (**word == '-' && access(*word + 1, F_OK)) continue;
        if (*word[1]) put(*word + (**word == '-'), word[1]);
        else if (mkdir(*word, 0755)) die(*word);
    }
}

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
    pid_t self = getpid(), pid = maker = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (pid < 0) die("clone (are user namespaces allowed?)");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (getppid() == self) pause();
        _exit(0);
    }
    write_maps(pid, uid, gid);
    int fd = open_namespace(pid, "user");
    kill(pid, SIGKILL); /* start_box waits for it: that it wakes up to die can take longer than all of this */
    return fd;
}

static void enter_user_namespace(int fd) {
    if (setns(fd, CLONE_NEWUSER) || setresgid(0, 0, 0) || setresuid(0, 0, 0)) die("user namespace");
    if (prctl(PR_SET_DUMPABLE, 1)) die("prctl");
    close(fd);
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
    const char *failed = sendmsg(CONTROL, &message, 0) < 0 ? "sendmsg" : NULL;
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

/* Start bubblewrap, which loads while the root is built. Of that it is told on ROOT_FD; untold, it has nothing to start.
 * Returns where the runner says that it is there, and with it all that bubblewrap had to mount. */
static int start_box(const struct plan *plan) {
    static const char root[] = "--dev-bind\0" STAGE "/r\0/";
    pid_t self = getpid();
    int none = open("/dev/null", O_RDWR | O_CLOEXEC), born = eventfd(0, EFD_CLOEXEC), told[2];
    if (none < 0 || born < 0 || pipe2(told, O_CLOEXEC) || (box = vfork()) < 0) die("fork");
    if (box == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != self || dup2(told[0], ROOT_FD) < 0 || dup2(born, BORN_FD) < 0) _exit(70);
        execvp(plan->box[0], plan->box);
        die(plan->box[0]);
    }
    if ((ended = (int)syscall(SYS_pidfd_open, box, 0)) < 0) die("box");
    dup2(none, 0); dup2(none, 1); close(none); /* the runner's stream is the box's alone */
    close(told[0]);
    build_stage(plan);
    build_root(plan);
    while (waitpid(maker, NULL, 0) != maker) if (errno != EINTR) die("wait");
    if (write(told[1], root, sizeof root) != sizeof root) die("root");
    close(told[1]);
    return born;
}

/* The box's first process: bubblewrap's only child. */
static pid_t runner(void) {
    char path[64], pid[32] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", box, box);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, pid, sizeof pid - 1) <= 0) die(path);
    close(fd);
    return (pid_t)atoi(pid);
}

/* Make /proc of the box read-only and empty what tells about the host, from inside: bubblewrap, which has mounted it, would
 * read the list of mounts again for each. */
static void seal(const struct plan *plan) {
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY}; struct stat st;
    int own = open_namespace(getpid(), "mnt"), theirs = open_namespace(runner(), "mnt");
    int *covers = calloc((size_t)plan->covered, sizeof *covers);
    for (int i = 0; covers && i < plan->covered; i++)
        covers[i] = stat(plan->cover[i], &st) ? -1 : take_cover(S_ISDIR(st.st_mode) ? "none" : "/dev/null");
    if (!covers || setns(theirs, CLONE_NEWNS)) die("the box's mounts");
    for (int i = 0; i < plan->covered; i++) if (covers[i] >= 0) cover(covers[i], plan->cover[i]);
    if (syscall(SYS_mount_setattr, AT_FDCWD, "/proc", AT_RECURSIVE, &read_only, sizeof read_only)) die("/proc");
    if (setns(own, CLONE_NEWNS) || chdir(STAGE)) die("mounts");
    close(own); close(theirs); free(covers);
}

static void handle_request(void) {
    char line[8192], *second, control_data[CMSG_SPACE(sizeof(int) * (MAX_FORKS + 1))]; const char *failed = "request";
    struct iovec text = {line, sizeof line - 1};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = control_data, .msg_controllen = sizeof control_data};
    ssize_t n = recvmsg(CONTROL, &message, MSG_CMSG_CLOEXEC);
    if (n <= 0) _exit(0);
    line[n] = 0;
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    int *fds = head ? (int *)CMSG_DATA(head) : NULL, count = head ? (int)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int)) : 0;
    if (n > 2 && (second = strchr(line + 2, ' '))) *second++ = 0;
    else second = "";
    errno = EINVAL;
    switch (line[0]) {
    case 'm': if (*second) failed = lay(WORK, line + 2, second); break;
    case 'f': if (*second) failed = join(line + 2, second); break;
    case 'd': failed = discard(line + 2); break;
    case 'c': failed = sweep(); break;
    case 'x': if (!(failed = export())) return; break;
    case 'i': failed = import(fds, count); break;
    case 'r': failed = forget(); break;
    }
    if (failed) dprintf(CONTROL, "%d %s", errno, failed);
    else dprintf(CONTROL, "0");
    while (count) close(fds[--count]);
}

static void end(void) {
    kill(box, SIGKILL); waitpid(box, NULL, 0);
    _exit(0);
}

/* Wait until there is something to read, or end. Whoever gives up on a box that does not start closes CONTROL. */
static void await(int fd) {
    struct pollfd watched[] = {{fd, POLLIN, 0}, {owner, POLLIN, 0}, {ended, POLLIN, 0}, {fd == CONTROL ? -1 : CONTROL, 0, 0}};
    while (poll(watched, 4, -1) < 0) if (errno != EINTR) die("poll");
    if (watched[1].revents || watched[2].revents || watched[3].revents) end();
}

int main(int argc, char **argv) {
    if (argc < 11) { fputs("keeper: too few arguments\n", stderr); return 64; }
    fcntl(CONTROL, F_SETFD, FD_CLOEXEC);
    if (syscall(SYS_close_range, CONTROL + 1, ~0U, 0)) die("descriptors");
    if ((owner = (int)syscall(SYS_pidfd_open, atoi(argv[1]), 0)) < 0 || getppid() != atoi(argv[1])) die("owner");
    put("/proc/self/oom_score_adj", "1000");
    struct plan plan = parse(argv + 2);
    enter_groups(&plan);
    enter(&plan);
    int born = start_box(&plan);
    if (plan.covered) { await(born); seal(&plan); }
    close(born);
    for (;;) { await(CONTROL); handle_request(); }
}
