/* The keeper: owns a box's private mounts, starts bubblewrap in them, and mounts a new workspace on request.
 *
 *     keep OWNER DISK_BYTES INODES WRITES STORES BINDS LINKS HIDDEN COVERED [folder] (file text)... store...
 *          (from to)... (text path)... hidden... covered... bwrap arg...
 *
 * It makes and enters control groups by writing to files, then makes user, mount and network namespaces of its
 * own. There it mounts a tmpfs of limited size on /tmp (the stage; if DISK_BYTES is 0: the empty `folder`, which
 * the host deletes in the end) and binds the folders of base trees to l/0... on it. On r it builds the box's root,
 * a small tmpfs that nobody can write to in the end: what is bound from the host, symbolic links, /dev, and the
 * folders of the stage that the box writes to. Bubblewrap takes r as a whole, since for each mount of its own it
 * would read the list of all mounts again. So the keeper also covers what /proc, which bubblewrap mounts, reports
 * about the host, as soon as the runner reports on BORN_FD that it has started; then it answers requests. The
 * workspace is an overlayfs on r/work, a shared mount: what is mounted there later shows up in the box. Nothing
 * else of this exists outside these namespaces, so nothing else is left when their last process is gone.
 *
 * Root does not stay root: the namespace's only user is BOX_ID of the host, which owns nothing except that folder
 * and is nobody, and the stores, which are root's, are bound with their owner mapped to it.
 *
 * Requests on descriptor CONTROL, one packet each; the answer is a packet, "0" or "<errno> <what failed>":
 *     m UPPER LOWER:...  mount u/UPPER (made if missing) over the lower folders (paths on the stage, topmost
 *                        first)
 *     f UPPER LOWER:...  make u/UPPER with what the lower folders, written by boxes, contain together
 *     d UPPER            delete u/UPPER
 *     c                  empty the box's /tmp and /dev/shm
 *     x                  answer with descriptors of the mounts that have the box's layers: u, f/0, f/1...
 *     i                  take such descriptors of another keeper, sent along: they become f/0, f/1...
 *     r                  reset: no workspace, no layer, no f, an empty /tmp and /dev/shm
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
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "die.h"
#include "root.h"
#include "workspace.h"

#define WORK "r/work"
enum { CONTROL = 3 };     /* the socket of requests, in the keeper */
enum { ROOT_FD = 3 };     /* where bubblewrap reads what to use as root */
enum { MAX_FORKS = 250 }; /* a message takes at most 253 descriptors */
enum { EXIT_USAGE = 64, EXIT_DEAD = 70 };

static pid_t maker; /* the process that made the user namespace and is about to end */
static pid_t box;   /* bubblewrap */
static int owner;   /* pidfd of the process that started this one */
static int ended;   /* pidfd of bubblewrap */
static int forks;   /* how many mounts of other keepers are on f */

void die(const char *what) {
    dprintf(2, "keeper: %s: %s\n", what, strerror(errno));
    _exit(EXIT_DEAD);
}

/* ---- control groups and namespaces ---- */

/* Make and enter control groups: a folder has no text to write, and what begins with '-' may be missing. */
static void enter_groups(const struct plan *plan) {
    for (char **word = plan->write; word < plan->store; word += 2) {
        const bool optional = **word == '-';
        if (optional && access(*word + 1, F_OK)) continue;
        if (*word[1]) put(*word + optional, word[1]);
        else if (mkdir(*word, 0755)) die(*word);
    }
}

static void write_map(pid_t pid, const char *kind, unsigned id) {
    char path[64], map[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, kind);
    snprintf(map, sizeof map, "0 %u 1", id);
    put(path, map);
}

static void write_maps(pid_t pid, unsigned uid, unsigned gid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/setgroups", pid);
    put(path, "deny");
    write_map(pid, "uid_map", uid);
    write_map(pid, "gid_map", gid);
}

static int open_namespace(pid_t pid, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) die(path);
    return fd;
}

/* Set a sysctl if it can be written: in somebody else's container, /proc/sys may be read-only. */
static void try_sysctl(const char *path, const char *value) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, value, strlen(value)) < 0) die(path);
    if (fd >= 0) close(fd);
}

/* A network with nothing but a loopback, which keeps no memory of connections, as TCP would. */
static void enter_private_network(void) {
    struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = unshare(CLONE_NEWNET) ? -1 : socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &loopback)) die("network");
    close(fd);
    try_sysctl("/proc/sys/net/ipv4/tcp_no_metrics_save", "1");
    try_sysctl("/proc/sys/net/ipv4/tcp_fastopen", "0");
}

/* Make a user namespace without entering it, with one user. */
static int make_user_namespace(unsigned uid, unsigned gid) {
    pid_t self = getpid();
    pid_t pid = maker = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
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

/* Enter the namespaces with what comes along: the stage if it is a folder of the host, the stores and the binds.
 * Root takes them before it is somebody else, and has the stores' owner mapped; others may take nothing before. */
static void enter_namespaces(struct plan *plan) {
    const bool root = geteuid() == 0;
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
    enter_private_network();
}

/* ---- the box ---- */

static _Noreturn void become_bubblewrap(const struct plan *plan, pid_t parent, int root, int born) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(root, ROOT_FD) < 0 || dup2(born, BORN_FD) < 0) _exit(EXIT_DEAD);
    execvp(plan->box[0], plan->box);
    die(plan->box[0]);
}

/* Start bubblewrap, which loads while the root is built. It reads on ROOT_FD where the root is; if that never
 * comes, it has nothing to start. Return the event of the runner's start: then bubblewrap has mounted all it had
 * to. */
static int start_box(const struct plan *plan) {
    static const char root[] = "--dev-bind\0" STAGE "/r\0/";
    const pid_t self = getpid();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), born = eventfd(0, EFD_CLOEXEC), ends[2];
    if (null < 0 || born < 0 || pipe2(ends, O_CLOEXEC) || (box = vfork()) < 0) die("fork");
    if (box == 0) become_bubblewrap(plan, self, ends[0], born);
    if ((ended = (int)syscall(SYS_pidfd_open, box, 0)) < 0) die("box");
    dup2(null, 0); /* the runner's stream is the box's alone */
    dup2(null, 1);
    close(null);
    close(ends[0]);
    build_stage(plan);
    build_root(plan);
    while (waitpid(maker, NULL, 0) != maker)
        if (errno != EINTR) die("wait");
    if (write(ends[1], root, sizeof root) != sizeof root) die("root");
    close(ends[1]);
    return born;
}

/* Return the box's first process: bubblewrap's only child. */
static pid_t find_runner(void) {
    char path[64], pid[32] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", box, box);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, pid, sizeof pid - 1) <= 0) die(path);
    close(fd);
    return (pid_t)atoi(pid);
}

/* Make /proc of the box read-only and empty what reports about the host, from inside: bubblewrap, which has
 * mounted it, would read the list of mounts again for each. */
static void seal_proc(const struct plan *plan) {
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    struct stat st;
    int own = open_namespace(getpid(), "mnt"), theirs = open_namespace(find_runner(), "mnt");
    int *covers = calloc((size_t)plan->covered, sizeof *covers);
    for (int i = 0; covers && i < plan->covered; i++)
        covers[i] = stat(plan->cover[i], &st) ? -1 : take_cover(S_ISDIR(st.st_mode) ? "none" : "/dev/null");
    if (!covers || setns(theirs, CLONE_NEWNS)) die("the box's mounts");
    for (int i = 0; i < plan->covered; i++)
        if (covers[i] >= 0) cover(covers[i], plan->cover[i]);
    if (syscall(SYS_mount_setattr, AT_FDCWD, "/proc", AT_RECURSIVE, &read_only, sizeof read_only)) die("/proc");
    if (setns(own, CLONE_NEWNS) || chdir(STAGE)) die("mounts");
    close(own);
    close(theirs);
    free(covers);
}

static _Noreturn void end_box(void) {
    kill(box, SIGKILL);
    waitpid(box, NULL, 0);
    _exit(0);
}

/* ---- requests ---- */

/* A packet, and the descriptors that come along. */
struct packet {
    struct iovec text;
    struct msghdr message;
    char control[CMSG_SPACE(sizeof(int) * (MAX_FORKS + 1))];
};

static void init_packet(struct packet *packet, char *text, size_t size) {
    *packet = (struct packet){.text = {text, size}};
    packet->message = (struct msghdr){
        .msg_iov = &packet->text,
        .msg_iovlen = 1,
        .msg_control = packet->control,
        .msg_controllen = sizeof packet->control,
    };
}

static const char *send_descriptors(const int *fds, int count) {
    char done[] = "0";
    const size_t size = sizeof(int) * (size_t)count;
    struct packet packet;
    init_packet(&packet, done, 1);
    packet.message.msg_controllen = CMSG_SPACE(size);
    struct cmsghdr *head = CMSG_FIRSTHDR(&packet.message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(head), fds, size);
    return sendmsg(CONTROL, &packet.message, 0) < 0 ? "sendmsg" : NULL;
}

/* Answer with descriptors of u and all of f; return what failed if there was no answer. */
static const char *answer_with_layers(void) {
    char path[32];
    int fds[MAX_FORKS + 1], count = 0;
    while (count <= forks) {
        snprintf(path, sizeof path, count ? "f/%d" : "u", count - 1);
        fds[count] = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (fds[count++] < 0) return "open_tree";
    }
    const char *failed = send_descriptors(fds, count);
    for (int error = errno; count; errno = error) close(fds[--count]);
    return failed;
}

static const char *mount_forks(const int *fds, int count) {
    char path[32];
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "f/%d", forks);
        if (mkdir(path, 0755)) return "import";
        if (syscall(SYS_move_mount, fds[i], "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH)) return "import";
        forks++;
    }
    return NULL;
}

static const char *reset(void) {
    char path[32];
    const char *failed = unmount_workspace(WORK);
    for (; !failed && forks > 0; forks--) {
        snprintf(path, sizeof path, "f/%d", forks - 1);
        if (umount2(path, DETACH) || rmdir(path)) failed = "fork";
    }
    return failed ? failed : delete_written();
}

/* Do what `line` asks for. Return NULL, or what failed, with errno set. */
static const char *execute(char *line, ssize_t size, const int *fds, int count) {
    char *first = line + 2, *second = size > 2 ? strchr(first, ' ') : NULL;
    if (second) *second++ = 0;
    errno = EINVAL;
    switch (line[0]) {
    case 'm': return second && *second ? mount_workspace(WORK, first, second) : "request";
    case 'f': return second && *second ? merge_layers(first, second) : "request";
    case 'd': return delete_upper(first);
    case 'c': return empty_temporary();
    case 'i': return mount_forks(fds, count);
    case 'r': return reset();
    }
    return "request";
}

static void answer(const char *failed) {
    if (failed) dprintf(CONTROL, "%d %s", errno, failed);
    else dprintf(CONTROL, "0");
}

static void handle_request(void) {
    char line[8192];
    const char *failed;
    struct packet packet;
    init_packet(&packet, line, sizeof line - 1);
    ssize_t n = recvmsg(CONTROL, &packet.message, MSG_CMSG_CLOEXEC);
    if (n <= 0) _exit(0);
    line[n] = 0;
    struct cmsghdr *head = CMSG_FIRSTHDR(&packet.message);
    int *fds = head ? (int *)CMSG_DATA(head) : NULL;
    int count = head ? (int)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int)) : 0;
    if (line[0] != 'x') answer(execute(line, n, fds, count));
    else if ((failed = answer_with_layers())) answer(failed);
    while (count) close(fds[--count]);
}

/* Wait until there is something to read, or end. If the owner gives up on a box that does not start, it closes
 * CONTROL. */
static void await(int fd) {
    struct pollfd watched[] = {
        {fd, POLLIN, 0},
        {owner, POLLIN, 0},
        {ended, POLLIN, 0},
        {fd == CONTROL ? -1 : CONTROL, 0, 0},
    };
    while (poll(watched, 4, -1) < 0)
        if (errno != EINTR) die("poll");
    if (watched[1].revents || watched[2].revents || watched[3].revents) end_box();
}

int main(int argc, char **argv) {
    if (argc < 11) {
        fputs("keeper: too few arguments\n", stderr);
        return EXIT_USAGE;
    }
    fcntl(CONTROL, F_SETFD, FD_CLOEXEC);
    if (syscall(SYS_close_range, CONTROL + 1, ~0U, 0)) die("descriptors");
    if ((owner = (int)syscall(SYS_pidfd_open, atoi(argv[1]), 0)) < 0 || getppid() != atoi(argv[1])) die("owner");
    put("/proc/self/oom_score_adj", "1000");
    struct plan plan = parse_plan(argv + 2);
    enter_groups(&plan);
    enter_namespaces(&plan);
    int born = start_box(&plan);
    if (plan.covered) {
        await(born);
        seal_proc(&plan);
    }
    close(born);
    for (;;) {
        await(CONTROL);
        handle_request();
    }
}
