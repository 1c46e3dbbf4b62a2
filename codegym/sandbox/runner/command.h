/* The one command that runs: its process, its pipes, and what is sent to the host about it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>

#include "wire.h"

/* The command in flight; `in`, `out` and `err` are the runner's ends of its pipes, -1 if closed. */
struct command {
    uint32_t id;        /* 0: there is no command */
    pid_t pid;          /* 0: its process has ended */
    int in, out, err;
    int code;           /* its exit code, or minus the signal that ended it */
    bool more, waiting; /* more input will come; the host was asked for it */
    char *input;        /* the piece that is being written to `in` */
    size_t input_at, input_len;
    struct timespec start;
    struct rusage usage;
};

extern struct command command;

void start_command(uint32_t id, struct request *request);

/* Take the next piece of input. */
void take_input(const char *piece, size_t size, bool more);

/* Write input to the command, as much as its pipe takes. */
void feed_command(void);

/* Send a piece of what `*fd` has as a frame of `type`; close it at its end. Return whether there was anything. */
bool forward(int *fd, char type);

/* Keep the exit code and usage of the command if `pid` is its process. */
void note_command_end(pid_t pid, int status, const struct rusage *usage);

/* Kill what the command left behind, send the rest of its output, then how it ended. */
void finish_command(void);
