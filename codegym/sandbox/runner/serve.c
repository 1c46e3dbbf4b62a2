/* The runner: the first process of a box. It starts commands on request and lets none outlive its turn.
 *
 *     serve NOFILE FSIZE_MB NPROC DATA_MB UID                        (0: leave as it is)
 *     serve NOFILE FSIZE_MB NPROC DATA_MB 0 SOCKET DISK_BYTES INODES (lays workspaces itself; see stage.h)
 *
 * Frames on stdin (from the host) and stdout (to the host), or both ways on SOCKET: u32 length of what follows the
 * type, u8 type, u32 id, then the payload. All numbers are little-endian. Commands never hold the channel, so they
 * can't forge a frame.
 *
 *   to the runner                                        from the runner
 *   'X' run: u8 op, u8 more, u16 0, u32 argc, u32 envc,  'H' hello (id 0: protocol version)
 *       then argc+envc+1 C strings (cwd, argv, env),     'O' 'E' a piece of stdout, stderr
 *       then the first piece of stdin                    'A' the last piece of stdin was taken: send the next
 *   'I' the next piece of stdin: u8 more, bytes          'X' ended: i32 exit code (-N: signal N), u32 0,
 *   'K' kill command `id`; id 0: kill everything             u64 wall ns, user us, system us, peak rss kB
 *   'P' start a service (payload as 'X')                 'S' service started: i32 pid, or -errno
 *                                                        'Z' everything is dead (answers 'K' 0)
 *   with a stage, two C strings each:                    'R' done: i32 errno, what failed; after 'G' and with
 *   'M' upper, lowers: lay a workspace                       'H' there comes a descriptor
 *   'J' upper, lowers: merge these in a new upper        'F' why there will be no 'H'
 *   'D' delete an upper   'C' empty /tmp and /dev/shm   'N' forget all that was taken or written
 *   'T' take the mount that comes along as this folder   'G' give one of this folder
 * Ops: 'x' execute argv; 'r' copy file argv[0] to stdout; 'w' copy stdin to file argv[0] with octal mode argv[1];
 * 'd' delete file argv[0]. The last three run in a process of the box, with its rights, and exit with an errno.
 *
 * What guards it: it is pid 1 of its namespace, so signals from the box don't reach it; it is not dumpable, so
 * neither ptrace nor /proc/1/fd does; its descriptors are close-on-exec; prlimit on it is filtered. When the
 * host closes stdin it exits, and the kernel kills the rest of the namespace.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "seccomp.h"

enum { PIECE = 65536, MAX_FRAME = 8 << 20, MAX_SERVICES = 16, MAX_PIDS = 65536 };

struct request { char op; bool more; char *cwd, **argv, **env, *input; size_t input_len; };

static int control_in, control_out, child_signals;
static rlim_t limit_nofile, limit_fsize, limit_nproc, limit_data;
static uid_t command_uid;
static pid_t services[MAX_SERVICES];
static int service_count;

static struct {
    uint32_t id;
    pid_t pid;                    /* 0: no command is running */
    int in, out, err, code;
    bool more, waiting;           /* more input will come; the host was asked for it */
    char *input;
    size_t input_at, input_len;
    struct timespec start;
    struct rusage usage;
} command = {.in = -1, .out = -1, .err = -1};

static void die(const char *what);

static void write_all(int fd, const void *data, size_t size) {
    for (const char *at = data; size > 0;) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) _exit(71);
        at += n; size -= (size_t)n;
    }
}

static bool read_all(int fd, void *data, size_t size) {
    for (char *at = data; size > 0;) {
        ssize_t n = read(fd, at, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n; size -= (size_t)n;
    }
    return true;
}

static void send_frame(char type, uint32_t id, const void *payload, uint32_t size) {
    char frame[9 + PIECE];
    memcpy(frame, &size, 4); frame[4] = type; memcpy(frame + 5, &id, 4); memcpy(frame + 9, payload, size);
    write_all(control_out, frame, 9 + size);
}

/* Send a frame, and `fd` with it if it is not -1. */
static void send_with(int fd, char type, uint32_t id, const void *payload, uint32_t size) {
    char head[9], control[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec first = {head, 1};
    struct msghdr message = {.msg_iov = &first, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    if (fd < 0) { send_frame(type, id, payload, size); return; }
    memcpy(head, &size, 4); head[4] = type; memcpy(head + 5, &id, 4);
    *CMSG_FIRSTHDR(&message) = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &fd, sizeof fd);
    if (sendmsg(control_out, &message, MSG_NOSIGNAL) != 1) _exit(71);
    write_all(control_out, head + 1, 8); write_all(control_out, payload, size);
}

static void die(const char *what) {
    char why[256]; int n = snprintf(why, sizeof why, "%s: %s", what, strerror(errno));
    dprintf(2, "runner: %s\n", why);
    if (control_out > 2 && getpid() == 1) send_frame('F', 0, why, (uint32_t)n);
    _exit(70);
}

/* ---- ending processes ---- */

static bool is_service(pid_t pid) {
    for (int i = 0; i < service_count; i++) if (services[i] == pid) return true;
    return false;
}

static void note_death(pid_t pid, int status, const struct rusage *usage) {
    if (pid == command.pid) {
        command.code = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
        command.usage = *usage;
        command.pid = 0;
    }
    for (int i = 0; i < service_count; i++)
        if (services[i] == pid) services[i--] = services[--service_count];
}

static void reap(int flags) {
    int status; struct rusage usage; pid_t pid;
    while ((pid = wait4(-1, &status, flags, &usage)) > 0 || (pid < 0 && errno == EINTR))
        if (pid > 0) note_death(pid, status, &usage);
}

static pid_t parent_of(pid_t pid) {
    char path[32], line[512], *end;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof line - 1);
    if (fd >= 0) close(fd);
    if (n <= 0) return 0;
    line[n] = 0;
    return (end = strrchr(line, ')')) ? (pid_t)atoi(end + 4) : 0;
}

static bool belongs_to_service(pid_t pid) {
    for (int depth = 0; pid > 1 && depth < MAX_PIDS; depth++, pid = parent_of(pid))
        if (is_service(pid)) return true;
    return false;
}

static int signal_strangers(bool wake_services) {
    int found = 0; struct dirent *entry; DIR *proc = opendir("/proc");
    if (!proc) die("/proc");
    while ((entry = readdir(proc))) {
        pid_t pid = atoi(entry->d_name);
        if (pid <= 1) continue;
        if (belongs_to_service(pid)) { if (wake_services) kill(pid, SIGCONT); }
        else if (kill(pid, SIGKILL) == 0) found++;
    }
    closedir(proc);
    return found;
}

/* Kill every process but the services and theirs. All are stopped first, so that none forks away meanwhile. */
static void kill_rest(bool services_too) {
    if (services_too) service_count = 0;
    if (service_count == 0) { kill(-1, SIGKILL); reap(0); return; }
    kill(-1, SIGSTOP);
    for (bool first = true; signal_strangers(first) > 0; first = false) { reap(WNOHANG); usleep(200); }
    reap(WNOHANG);
}

#include "stage.h"

/* ---- the process of a command, before it becomes the program ---- */

static void limit(int what, rlim_t value) {
    if (value && setrlimit(what, &(struct rlimit){value, value})) die("setrlimit");
}

/* A core of 1 byte, not 0: for 0 the kernel would still start the host's crash handler, if it has one; see core(5). */
static void forbid_the_rest(void) {
    const struct rlimit none = {0, 0}, one = {1, 1};
    if (setrlimit(RLIMIT_CORE, &one) && setrlimit(RLIMIT_CORE, &none)) die("setrlimit");
    if (setrlimit(RLIMIT_RTPRIO, &none) || setrlimit(RLIMIT_NICE, &none)) die("setrlimit");
}

/* Needs CAP_SETPCAP, which it gives up with the rest; without it the bounding set stays, and so does all else. */
static void drop_powers(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    for (int power = 0; power < 64; power++) prctl(PR_CAPBSET_DROP, power, 0, 0, 0);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &header, none)) die("capset");
}

static int pour(int from, int to) {
    char piece[PIECE]; ssize_t n;
    while ((n = read(from, piece, sizeof piece)) > 0)
        for (ssize_t at = 0, m; at < n; at += m) if ((m = write(to, piece + at, (size_t)(n - at))) < 0) return errno;
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

static int write_file(char *path, const char *mode) {
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(path, 0755) && errno != EEXIST) return errno;
        *slash = '/';
    }
    int fd = open_regular(path, O_WRONLY | O_CREAT | O_TRUNC);
    if (fd < 0) return errno;
    int error = pour(0, fd);
    if (!error && fchmod(fd, (mode_t)strtol(mode, NULL, 8))) error = errno;
    return error;
}

/* Delete a file, and those of its folders in the workspace that are then empty. */
static int delete_file(char *path) {
    if (unlink(path)) return errno;
    for (char *slash = strrchr(path, '/'); slash > path + 5 && !strncmp(path, "/work/", 6); slash = strrchr(path, '/')) {
        *slash = 0;
        if (rmdir(path)) break;
    }
    return 0;
}

static int file_operation(struct request *r) {
    int fd;
    if (r->op == 'w') return write_file(r->argv[0], r->argv[1]);
    if (r->op == 'd') return delete_file(r->argv[0]);
    return (fd = open_regular(r->argv[0], O_RDONLY)) < 0 ? errno : pour(fd, 1);
}

/* Not every C library does this. */
static void become_script(char **argv) {
    size_t count = 1;
    while (argv[count - 1]) count++;
    char *words[count + 1];
    words[0] = "/bin/sh";
    memcpy(words + 1, argv, count * sizeof *argv);
    execv(words[0], words);
}

/* After vfork, which spares copying page tables, this has the runner's memory until the program takes over: it writes
 * nothing there that the runner reads. Not with a change of user, which would be a change of the runner's dumpability. */
static void become(struct request *r) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid();
    umask(022);
    syscall(SYS_close_range, 3, ~0U, 0);
    limit(RLIMIT_NOFILE, limit_nofile); limit(RLIMIT_FSIZE, limit_fsize);
    limit(RLIMIT_NPROC, limit_nproc); limit(RLIMIT_DATA, limit_data);
    forbid_the_rest();
    if (command_uid && (setgroups(0, NULL) || setgid(command_uid))) die("setgid");
    if (command_uid && setuid(command_uid)) die("setuid");
    if (staged) drop_powers();
    if (staged && seccomp_deny(limit_data > 0)) die("seccomp"); /* else it is the runner's own */
    if (chdir(r->cwd)) { dprintf(2, "%s: %s\n", r->cwd, strerror(errno)); _exit(r->op == 'x' ? 126 : errno); }
    if (r->op != 'x') { signal(SIGXFSZ, SIG_IGN); _exit(file_operation(r)); }
    environ = r->env;
    execvp(r->argv[0], r->argv);
    if (errno == ENOEXEC) become_script(r->argv);
    int error = errno;
    dprintf(2, "%s: %s\n", r->argv[0], error == ENOENT ? "command not found" : strerror(error));
    _exit(error == ENOENT ? 127 : 126);
}

/* ---- requests ---- */

static bool parse(char *p, uint32_t size, struct request *r) {
    uint32_t argc, envc; char *end = p + size, **strings;
    if (size < 12) return false;
    r->op = p[0]; r->more = p[1];
    memcpy(&argc, p + 4, 4); memcpy(&envc, p + 8, 4);
    if (argc == 0 || argc > size || envc > size) return false;
    if (!(strings = malloc((argc + envc + 2) * sizeof *strings))) die("malloc");
    r->argv = strings; r->env = strings + argc + 1; r->argv[argc] = r->env[envc] = NULL;
    p += 12;
    for (uint32_t i = 0; i < 1 + argc + envc; i++) {
        char *nul = memchr(p, 0, (size_t)(end - p));
        if (!nul) return false;
        *(i == 0 ? &r->cwd : i <= argc ? &r->argv[i - 1] : &r->env[i - 1 - argc]) = p;
        p = nul + 1;
    }
    r->input = p; r->input_len = (size_t)(end - p);
    return true;
}

static void take_input(const char *piece, size_t size, bool more) {
    free(command.input);
    if (!(command.input = malloc(size + 1))) die("malloc");
    memcpy(command.input, piece, size);
    command.input_at = 0; command.input_len = size; command.more = more; command.waiting = false;
}

static void start(uint32_t id, struct request *r) {
    int in[2] = {-1, -1}, out[2], err[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool has_input = r->input_len > 0 || r->more;
    if (null < 0 || (has_input && pipe2(in, O_CLOEXEC)) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) die("pipe");
    clock_gettime(CLOCK_MONOTONIC, &command.start);
    pid_t pid = r->op == 'x' && command_uid == 0 ? vfork() : fork();
    if (pid == 0) {
        if (dup2(has_input ? in[0] : null, 0) < 0 || dup2(out[1], 1) < 0 || dup2(err[1], 2) < 0) _exit(70);
        become(r);
    }
    int fork_error = errno;
    close(null); close(out[1]); close(err[1]);
    if (has_input) { close(in[0]); fcntl(in[1], F_SETFL, O_NONBLOCK); }
    fcntl(out[0], F_SETFL, O_NONBLOCK); fcntl(err[0], F_SETFL, O_NONBLOCK);
    command.id = id; command.pid = pid > 0 ? pid : 0; command.code = 126;
    command.in = in[1]; command.out = out[0]; command.err = err[0];
    take_input(r->input, r->input_len, r->more);
    if (pid < 0) send_frame('E', id, strerror(fork_error), (uint32_t)strlen(strerror(fork_error)));
}

/* A service's children stay below a shim of ours that adopts its orphans, so that they can be told apart. */
static void start_service(uint32_t id, struct request *r) {
    int32_t answer = -EAGAIN; pid_t pid = service_count < MAX_SERVICES ? fork() : -1;
    if (pid == 0) {
        pid_t program, ended; int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(null, 0); dup2(null, 1); dup2(null, 2);
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        if ((program = fork()) == 0) become(r);
        syscall(SYS_close_range, 3, ~0U, 0);
        if (chdir("/")) _exit(1);
        if (staged) drop_powers();
        while ((ended = wait(NULL)) != program && (ended > 0 || errno == EINTR)) continue;
        _exit(0);
    }
    if (pid > 0) services[service_count++] = answer = pid;
    send_frame('S', id, &answer, 4);
}

static bool forward(int *fd, char type) {
    char piece[PIECE];
    ssize_t n = read(*fd, piece, sizeof piece);
    if (n > 0) send_frame(type, command.id, piece, (uint32_t)n);
    else if (n == 0 || errno != EAGAIN) { close(*fd); *fd = -1; }
    return n > 0;
}

static void feed(void) {
    ssize_t n = write(command.in, command.input + command.input_at, command.input_len - command.input_at);
    if (n < 0 && errno == EAGAIN) return;
    if (n >= 0 && (command.input_at += (size_t)n) < command.input_len) return;
    if (n >= 0 && command.more) { command.waiting = true; send_frame('A', command.id, NULL, 0); }
    else { close(command.in); command.in = -1; }
    command.input_len = command.input_at = 0;
}

static void finish(void) {
    struct timespec now;
    kill_rest(false);
    clock_gettime(CLOCK_MONOTONIC, &now);
    while (command.out >= 0 && forward(&command.out, 'O')) continue;
    while (command.err >= 0 && forward(&command.err, 'E')) continue;
    int *open_fds[] = {&command.in, &command.out, &command.err};
    for (int i = 0; i < 3; i++) if (*open_fds[i] >= 0) { close(*open_fds[i]); *open_fds[i] = -1; }
    struct rusage *u = &command.usage;
    struct { int32_t code; uint32_t zero; uint64_t wall, user, system, rss; } end = {
        command.code, 0,
        (uint64_t)(now.tv_sec - command.start.tv_sec) * 1000000000u + (uint64_t)now.tv_nsec - (uint64_t)command.start.tv_nsec,
        (uint64_t)u->ru_utime.tv_sec * 1000000u + (uint64_t)u->ru_utime.tv_usec,
        (uint64_t)u->ru_stime.tv_sec * 1000000u + (uint64_t)u->ru_stime.tv_usec, (uint64_t)u->ru_maxrss};
    uint32_t id = command.id;
    command.id = 0;
    send_frame('X', id, &end, sizeof end);
}

/* Read a frame's head, and into `given` the descriptor that came with it. */
static bool read_head(unsigned char *head, int *given) {
    char control[CMSG_SPACE(sizeof *given)];
    struct iovec first = {head, 9};
    struct msghdr message = {.msg_iov = &first, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    if (!staged) return read_all(control_in, head, 9);
    ssize_t n = recvmsg(control_in, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *sent = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (sent && sent->cmsg_type == SCM_RIGHTS) memcpy(given, CMSG_DATA(sent), sizeof *given);
    return n > 0 && read_all(control_in, head + n, 9 - (size_t)n);
}

static void serve_stage(char type, uint32_t id, char *words, uint32_t size, int given) {
    char answer[68]; int shared = -1;
    const char *failed = stage_request(type, words, size, given, &shared);
    int32_t error = failed ? errno : 0;
    memcpy(answer, &error, 4);
    int n = snprintf(answer + 4, sizeof answer - 4, "%s", failed ? failed : "");
    send_with(shared, 'R', id, answer, 4 + (uint32_t)(n < 64 ? n : 63));
    if (shared >= 0) close(shared);
}

static void handle_frame(void) {
    unsigned char head[9]; uint32_t size, id; char *payload; struct request r = {0}; int given = -1;
    if (!read_head(head, &given)) _exit(0);
    memcpy(&size, head, 4); memcpy(&id, head + 5, 4);
    if (size > MAX_FRAME || !(payload = malloc(size + 1u)) || !read_all(control_in, payload, size)) _exit(72);
    if (head[4] == 'X' && command.id == 0 && parse(payload, size, &r)) start(id, &r);
    else if (head[4] == 'P' && parse(payload, size, &r)) start_service(id, &r);
    else if (head[4] == 'I' && size > 0) { if (id == command.id && command.in >= 0) take_input(payload + 1, size - 1, payload[0]); }
    else if (head[4] == 'K' && id == 0) { kill_rest(true); if (command.id) finish(); send_frame('Z', 0, NULL, 0); }
    else if (head[4] == 'K') { if (id == command.id && command.pid) kill(command.pid, SIGKILL); }
    else if (staged && command.id == 0) serve_stage((char)head[4], id, payload, size, given);
    else _exit(73);
    if (given >= 0) close(given);
    free(r.argv); free(payload);
}

static void serve_once(void) {
    bool feeding = command.in >= 0 && !command.waiting;
    struct pollfd fds[] = {{control_in, POLLIN, 0}, {child_signals, POLLIN, 0}, {command.out, POLLIN, 0},
                           {command.err, POLLIN, 0}, {feeding ? command.in : -1, POLLOUT, 0}};
    struct signalfd_siginfo info;
    if (poll(fds, 5, -1) < 0) { if (errno == EINTR) return; die("poll"); }
    if (fds[1].revents) { while (read(child_signals, &info, sizeof info) > 0) continue; reap(WNOHANG); }
    if (fds[2].revents) forward(&command.out, 'O');
    if (fds[3].revents) forward(&command.err, 'E');
    if (fds[4].revents) feed();
    if (fds[0].revents) handle_frame();
    if (command.id && command.pid == 0) finish();
}

int main(int argc, char **argv) {
    if ((argc != 6 && argc != 9) || getpid() != 1) { fputs("runner: needs 5 or 8 arguments and to be pid 1\n", stderr); return 64; }
    if (write(BORN_FD, &(uint64_t){1}, 8) < 0 && errno != EBADF) die("keeper"); /* in a container there is none */
    close(BORN_FD);
    limit_nofile = (rlim_t)atoll(argv[1]); limit_fsize = (rlim_t)atoll(argv[2]) << 20;
    limit_nproc = (rlim_t)atoll(argv[3]); limit_data = (rlim_t)atoll(argv[4]) << 20;
    command_uid = (uid_t)atoll(argv[5]);
    int stage = -1, in = argc == 9 ? dial(argv[6]) : 0, out = argc == 9 ? in : 1;
    control_in = fcntl(in, F_DUPFD_CLOEXEC, 10); control_out = fcntl(out, F_DUPFD_CLOEXEC, 10);
    if (argc == 9) { enter_namespaces(); build_stage(argv[7], argv[8]); stage = open(".", O_PATH | O_CLOEXEC); }
    else if (command_uid == 0) drop_powers();
    if (prctl(PR_SET_DUMPABLE, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) die("prctl");
    if (!staged && seccomp_deny(limit_data > 0)) die("seccomp");
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (control_in < 0 || control_out < 0 || null < 0) die("channel");
    dup2(null, 0); dup2(null, 1);
    signal(SIGPIPE, SIG_IGN);
    sigset_t mask; sigemptyset(&mask); sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    if ((child_signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK)) < 0) die("signalfd");
    uint32_t version = 1;
    send_with(stage, 'H', 0, &version, 4);
    if (stage >= 0) close(stage);
    for (;;) serve_once();
}
