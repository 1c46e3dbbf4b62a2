/* Tests that report in TAP. Each runs in a process of its own: a crash or an endless loop fails one test only. */
#ifndef TAP_H
#define TAP_H

#define _POSIX_C_SOURCE 200809L
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define TAP_SECONDS 5

struct tap_test {
    const char *name;
    bool (*run)(void);
};

/* What a child says to its parent: the first byte is the verdict, the rest tells what was not true. */
static char tap_said[256];

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            if (tap_said[1] == '\0')                                                                         \
                snprintf(tap_said, sizeof tap_said, "n%s:%d: not true: %s", __FILE__, __LINE__, #condition); \
            return false;                                                                                    \
        }                                                                                                    \
    } while (0)

static void tap_child(const struct tap_test *test, int channel)
{
    dup2(STDERR_FILENO, STDOUT_FILENO);
    alarm(TAP_SECONDS);
    tap_said[0] = 'n';
    if (test->run())
        strcpy(tap_said, "y");
    ssize_t written = write(channel, tap_said, strlen(tap_said));
    _exit(written > 0 ? 0 : 1);
}

/* Run one test in a child; it passes only if its function returned true. Leave the reason in tap_said if not. */
static bool tap_run_one(const struct tap_test *test)
{
    int channel[2], status = 0;
    if (fflush(NULL) != 0 || pipe(channel) != 0)
        abort();
    pid_t child = fork();
    if (child < 0)
        abort();
    if (child == 0) {
        close(channel[0]);
        tap_child(test, channel[1]);
    }
    close(channel[1]);
    ssize_t got = read(channel[0], tap_said, sizeof tap_said - 1);
    tap_said[got > 0 ? got : 0] = '\0';
    close(channel[0]);
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status))
        snprintf(tap_said, sizeof tap_said, "nkilled by signal %d", WTERMSIG(status));
    return strcmp(tap_said, "y") == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int tap_run(const struct tap_test *tests, size_t count)
{
    size_t failed = 0;
    printf("1..%zu\n", count);
    for (size_t i = 0; i < count; i++) {
        bool passed = tap_run_one(&tests[i]);
        printf("%s %zu - %s\n", passed ? "ok" : "not ok", i + 1, tests[i].name);
        if (!passed && strlen(tap_said) > 1)
            printf("# %s\n", tap_said + 1);
        failed += !passed;
        tap_said[0] = tap_said[1] = '\0';
    }
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define TAP_MAIN(tests)                                                \
    int main(void)                                                     \
    {                                                                  \
        return tap_run((tests), sizeof(tests) / sizeof((tests)[0]));   \
    }

#endif
