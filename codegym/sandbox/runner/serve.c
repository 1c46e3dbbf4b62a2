/* The runner: the first process of a box. It starts commands on request and lets none outlive its turn.
 *
 *     serve NOFILE FSIZE_MB NPROC DATA_MB UID                        (0: leave as it is)
 *     serve NOFILE FSIZE_MB NPROC DATA_MB 0 SOCKET DISK_BYTES INODES (mounts workspaces itself; see stage.h)
 *
 * Frames (wire.h) come on stdin and go to stdout, or both on SOCKET. No command has these descriptors, so that
 * none can forge a frame.
 *
 * What guards it: it is pid 1 of its namespace, so that signals from the box don't reach it; it is not dumpable,
 * so that neither ptrace nor /proc/1/fd does; its descriptors are closed on exec; prlimit on it is filtered. If
 * the host closes stdin it exits, and the kernel kills the rest of the namespace.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "become.h"
#include "command.h"
#include "die.h"
#include "processes.h"
#include "seccomp.h"
#include "stage.h"
#include "wire.h"
#include "workspace.h"

enum { VERSION = 1 };
enum { EXIT_USAGE = 64, EXIT_DEAD = 70, EXIT_TYPE = 73 }; /* EXIT_TYPE: a frame that can't be handled now */
enum { FIRST_FD = 10 };                                   /* the wire's descriptors have at least this number */

static int child_signals;

/* Once there is a wire, the host is told why there will be no hello. */
void die(const char *what) {
    char why[256];
    int n = snprintf(why, sizeof why, "%s: %s", what, strerror(errno));
    dprintf(2, "runner: %s\n", why);
    if (wire_out > 2 && getpid() == 1) send_frame('F', 0, why, (uint32_t)n);
    _exit(EXIT_DEAD);
}

/* ---- frames ---- */

static void handle_stage_request(struct frame *frame) {
    char answer[4 + 64];
    const int longest = 63;
    int shared = -1;
    const char *failed = stage_request(frame, &shared);
    int32_t error = failed ? errno : 0;
    memcpy(answer, &error, 4);
    int n = snprintf(answer + 4, sizeof answer - 4, "%s", failed ? failed : "");
    send_with(shared, 'R', frame->id, answer, 4 + (uint32_t)(n < longest ? n : longest));
    if (shared >= 0) close(shared);
}

static void handle_service(struct frame *frame, struct request *request) {
    int32_t answer = start_service(request);
    send_frame('S', frame->id, &answer, sizeof answer);
}

static void handle_input(struct frame *frame) {
    if (frame->id == command.id && command.in >= 0)
        take_input(frame->payload + 1, frame->size - 1, frame->payload[0]);
}

static void handle_kill(struct frame *frame) {
    if (frame->id == 0) {
        kill_rest(true);
        if (command.id) finish_command();
        send_frame('Z', 0, NULL, 0);
    } else if (frame->id == command.id && command.pid) {
        kill(command.pid, SIGKILL);
    }
}

static void handle_frame(void) {
    struct frame frame;
    struct request request = {0};
    if (!read_frame(&frame, staged)) _exit(0);
    if (frame.type == 'X' && command.id == 0 && parse_request(&frame, &request)) start_command(frame.id, &request);
    else if (frame.type == 'P' && parse_request(&frame, &request)) handle_service(&frame, &request);
    else if (frame.type == 'I' && frame.size > 0) handle_input(&frame);
    else if (frame.type == 'K') handle_kill(&frame);
    else if (staged && command.id == 0) handle_stage_request(&frame);
    else _exit(EXIT_TYPE);
    if (frame.descriptor >= 0) close(frame.descriptor);
    free(request.argv);
    free(frame.payload);
}

static void reap_signalled(void) {
    struct signalfd_siginfo info;
    while (read(child_signals, &info, sizeof info) > 0) continue;
    reap(WNOHANG);
}

static void serve_once(void) {
    bool feeding = command.in >= 0 && !command.waiting;
    struct pollfd fds[] = {
        {wire_in, POLLIN, 0},
        {child_signals, POLLIN, 0},
        {command.out, POLLIN, 0},
        {command.err, POLLIN, 0},
        {feeding ? command.in : -1, POLLOUT, 0},
    };
    if (poll(fds, 5, -1) < 0) {
        if (errno == EINTR) return;
        die("poll");
    }
    if (fds[1].revents) reap_signalled();
    if (fds[2].revents) forward(&command.out, 'O');
    if (fds[3].revents) forward(&command.err, 'E');
    if (fds[4].revents) feed_command();
    if (fds[0].revents) handle_frame();
    if (command.id && command.pid == 0) finish_command();
}

/* ---- start ---- */

/* Tell the keeper that the runner is there; in a container there is no keeper. */
static void report_birth(void) {
    const uint64_t one = 1;
    if (write(BORN_FD, &one, sizeof one) < 0 && errno != EBADF) die("keeper");
    close(BORN_FD);
}

static void parse_limits(char **words) {
    limits.nofile = (rlim_t)atoll(words[0]);
    limits.fsize = (rlim_t)atoll(words[1]) << 20;
    limits.nproc = (rlim_t)atoll(words[2]);
    limits.data = (rlim_t)atoll(words[3]) << 20;
    limits.user = (uid_t)atoll(words[4]);
}

/* Keep the wire away from the descriptors of commands; an `in` of -1 is reported once all else is set up. */
static void open_wire(int in, int out) {
    wire_in = fcntl(in, F_DUPFD_CLOEXEC, FIRST_FD);
    wire_out = fcntl(out, F_DUPFD_CLOEXEC, FIRST_FD);
}

/* Make the runner unreachable for the box, and its own stdin and stdout empty. */
static void guard_runner(void) {
    if (prctl(PR_SET_DUMPABLE, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) die("prctl");
    if (!staged && deny_system_calls(limits.data > 0)) die("seccomp");
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (wire_in < 0 || wire_out < 0 || null < 0) die("channel");
    dup2(null, 0);
    dup2(null, 1);
    signal(SIGPIPE, SIG_IGN);
}

static void watch_children(void) {
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    if ((child_signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK)) < 0) die("signalfd");
}

int main(int argc, char **argv) {
    const bool has_stage = argc == 9;
    const uint32_t version = VERSION;
    int stage = -1;
    if ((argc != 6 && !has_stage) || getpid() != 1) {
        fputs("runner: needs 5 or 8 arguments and to be pid 1\n", stderr);
        return EXIT_USAGE;
    }
    report_birth();
    parse_limits(argv + 1);
    int socket = has_stage ? dial(argv[6]) : -1;
    open_wire(has_stage ? socket : 0, has_stage ? socket : 1);
    if (has_stage) stage = build_stage(argv[7], argv[8]);
    else if (limits.user == 0) drop_capabilities();
    guard_runner();
    watch_children();
    send_with(stage, 'H', 0, &version, sizeof version);
    if (stage >= 0) close(stage);
    for (;;) serve_once();
}
