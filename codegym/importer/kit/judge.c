/*
 * Runs test programs and says in TAP which of them passed.
 *
 * The code under test is linked into those programs, never into this one, and holds no descriptor to its output:
 * what a program prints goes to standard error. A program has passed if it ended by itself, with exit code 0,
 * and sent back, as the last thing in its main, the word that it was handed. So a program that leaves early, with
 * whatever exit code, has not.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS 10
#define WORD 32

static void must(int done, const char *what)
{
    if (done < 0) {
        perror(what);
        exit(3);
    }
}

static void become(const char *program, int question, int answer)
{
    must(dup2(STDERR_FILENO, STDOUT_FILENO), "dup2");
    must(dup2(question, 3), "dup2");
    must(dup2(answer, 4), "dup2");
    close_range(5, ~0U, 0);
    struct rlimit seconds = {SECONDS, SECONDS};
    setrlimit(RLIMIT_CPU, &seconds);
    execl(program, program, (char *)NULL);
    _exit(127);
}

static int passed(const char *program)
{
    int question[2], answer[2], status = 0;
    unsigned char bytes[WORD / 2];
    char word[WORD + 1] = "", said[WORD + 2] = "";
    must(getrandom(bytes, sizeof bytes, 0) == sizeof bytes ? 0 : -1, "getrandom");
    for (int i = 0; i < WORD / 2; i++)
        snprintf(word + 2 * i, 3, "%02x", bytes[i]);
    must(pipe2(question, O_CLOEXEC), "pipe");
    must(pipe2(answer, O_CLOEXEC), "pipe");
    pid_t child = fork();
    must(child, "fork");
    if (child == 0) {
        int in = fcntl(question[0], F_DUPFD, 10), out = fcntl(answer[1], F_DUPFD, 10);
        become(program, in, out);
    }
    close(question[0]);
    close(answer[1]);
    must(write(question[1], word, WORD) == WORD ? 0 : -1, "write");
    close(question[1]);
    must(waitpid(child, &status, 0), "waitpid");
    fcntl(answer[0], F_SETFL, O_NONBLOCK);
    ssize_t got = read(answer[0], said, WORD + 1);
    close(answer[0]);
    if (WIFSIGNALED(status))
        printf("# %s\n", WTERMSIG(status) == SIGKILL ? "it did not end in time" : strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0)
        printf("# exit code %d\n", WEXITSTATUS(status));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 && got == WORD && memcmp(said, word, WORD) == 0;
}

int main(int count, char **programs)
{
    int failed = 0;
    must(prctl(PR_SET_DUMPABLE, 0), "prctl");
    signal(SIGPIPE, SIG_IGN);
    printf("1..%d\n", count - 1);
    for (int i = 1; i < count; i++) {
        const char *name = strrchr(programs[i], '/');
        fflush(stdout);
        int good = passed(programs[i]);
        printf("%sok %d - %s\n", good ? "" : "not ", i, name ? name + 1 : programs[i]);
        failed += !good;
    }
    return failed > 0;
}
