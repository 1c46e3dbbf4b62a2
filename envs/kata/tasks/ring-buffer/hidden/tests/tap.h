/* Tests that report in TAP. Each runs in a process of its own: a crash or an endless loop fails one test only. */
#ifndef TAP_H
#define TAP_H

#define _POSIX_C_SOURCE 200809L
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define TAP_SECONDS 5

struct tap_test {
    const char *name;
    bool (*run)(void);
};

#define CHECK(condition)                                                             \
    do {                                                                             \
        if (!(condition)) {                                                          \
            fprintf(stderr, "# %s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            return false;                                                            \
        }                                                                            \
    } while (0)

/* Run one test in a child; it passes only if its function returned true. */
static bool tap_run_one(const struct tap_test *test)
{
    int channel[2];
    if (fflush(NULL) != 0 || pipe(channel) != 0)
        abort();
    pid_t child = fork();
    if (child < 0)
        abort();
    if (child == 0) {
        close(channel[0]);
        dup2(STDERR_FILENO, STDOUT_FILENO);
        alarm(TAP_SECONDS);
        char verdict = test->run() ? 'y' : 'n';
        ssize_t written = write(channel[1], &verdict, 1);
        _exit(written == 1 ? 0 : 1);
    }
    close(channel[1]);
    char verdict = 0;
    ssize_t got = read(channel[0], &verdict, 1);
    close(channel[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status))
        fprintf(stderr, "# %s: killed by signal %d\n", test->name, WTERMSIG(status));
    return got == 1 && verdict == 'y' && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int tap_run(const struct tap_test *tests, size_t count)
{
    size_t failed = 0;
    printf("1..%zu\n", count);
    for (size_t i = 0; i < count; i++) {
        bool passed = tap_run_one(&tests[i]);
        failed += !passed;
        printf("%s %zu - %s\n", passed ? "ok" : "not ok", i + 1, tests[i].name);
    }
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define TAP_MAIN(tests)                                                \
    int main(void)                                                     \
    {                                                                  \
        return tap_run((tests), sizeof(tests) / sizeof((tests)[0]));   \
    }

#endif
