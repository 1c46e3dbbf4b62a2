/* The one command that runs; see command.h. */
#define _GNU_SOURCE
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "become.h"
#include "die.h"
#include "processes.h"

enum { NOT_STARTED = 126, SETUP_FAILED = 70 }; /* exit codes */

struct command command = {.in = -1, .out = -1, .err = -1};

/* No vfork with a change of user, which would change whether the runner is dumpable. */
static pid_t start_process(struct request *request, int in, int out, int err) {
    pid_t pid = request->op == 'x' && limits.user == 0 ? vfork() : fork();
    if (pid == 0) {
        if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(SETUP_FAILED);
        become(request);
    }
    return pid;
}

void start_command(uint32_t id, struct request *request) {
    int in[2] = {-1, -1}, out[2], err[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool has_input = request->input_len > 0 || request->more;
    if (null < 0 || (has_input && pipe2(in, O_CLOEXEC))) die("pipe");
    if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) die("pipe");
    clock_gettime(CLOCK_MONOTONIC, &command.start);
    pid_t pid = start_process(request, has_input ? in[0] : null, out[1], err[1]);
    int fork_error = errno;
    close(null);
    close(out[1]);
    close(err[1]);
    if (has_input) {
        close(in[0]);
        fcntl(in[1], F_SETFL, O_NONBLOCK);
    }
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(err[0], F_SETFL, O_NONBLOCK);
    command.id = id;
    command.pid = pid > 0 ? pid : 0;
    command.code = NOT_STARTED;
    command.in = in[1];
    command.out = out[0];
    command.err = err[0];
    take_input(request->input, request->input_len, request->more);
    if (pid < 0) send_frame('E', id, strerror(fork_error), (uint32_t)strlen(strerror(fork_error)));
}

void take_input(const char *piece, size_t size, bool more) {
    free(command.input);
    if (!(command.input = malloc(size + 1))) die("malloc");
    memcpy(command.input, piece, size);
    command.input_at = 0;
    command.input_len = size;
    command.more = more;
    command.waiting = false;
}

void feed_command(void) {
    ssize_t n = write(command.in, command.input + command.input_at, command.input_len - command.input_at);
    if (n < 0 && errno == EAGAIN) return;
    if (n >= 0 && (command.input_at += (size_t)n) < command.input_len) return;
    if (n >= 0 && command.more) {
        command.waiting = true;
        send_frame('A', command.id, NULL, 0);
    } else {
        close(command.in);
        command.in = -1;
    }
    command.input_len = command.input_at = 0;
}

bool forward(int *fd, char type) {
    char piece[PIECE];
    ssize_t n = read(*fd, piece, sizeof piece);
    if (n > 0) {
        send_frame(type, command.id, piece, (uint32_t)n);
    } else if (n == 0 || errno != EAGAIN) {
        close(*fd);
        *fd = -1;
    }
    return n > 0;
}

void note_command_end(pid_t pid, int status, const struct rusage *usage) {
    if (pid != command.pid) return;
    command.code = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    command.usage = *usage;
    command.pid = 0;
}

static uint64_t microseconds(struct timeval time) {
    return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_usec;
}

static uint64_t nanoseconds_since(struct timespec start) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)(now.tv_sec - start.tv_sec) * 1000000000u + (uint64_t)now.tv_nsec - (uint64_t)start.tv_nsec;
}

static void close_pipes(void) {
    int *fds[] = {&command.in, &command.out, &command.err};
    for (int i = 0; i < 3; i++) {
        if (*fds[i] >= 0) close(*fds[i]);
        *fds[i] = -1;
    }
}

void finish_command(void) {
    kill_rest(false);
    struct ended ended = {
        .code = command.code,
        .wall_ns = nanoseconds_since(command.start),
        .user_us = microseconds(command.usage.ru_utime),
        .system_us = microseconds(command.usage.ru_stime),
        .peak_kb = (uint64_t)command.usage.ru_maxrss,
    };
    while (command.out >= 0 && forward(&command.out, 'O')) continue;
    while (command.err >= 0 && forward(&command.err, 'E')) continue;
    close_pipes();
    uint32_t id = command.id;
    command.id = 0;
    send_ended(id, &ended);
}
