/* The process of a command before it becomes the program; see become.h. */
#define _GNU_SOURCE
#include "become.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "die.h"
#include "files.h"
#include "seccomp.h"
#include "stage.h"

enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 }; /* exit codes, as a shell's */

struct limits limits;

static void limit(int what, rlim_t value) {
    if (value && setrlimit(what, &(struct rlimit){value, value})) die("setrlimit");
}

/* A core of 1 byte, not 0: for 0 the kernel would still start the host's crash handler; see core(5). */
static void forbid_the_rest(void) {
    const struct rlimit none = {0, 0}, one = {1, 1};
    if (setrlimit(RLIMIT_CORE, &one) && setrlimit(RLIMIT_CORE, &none)) die("setrlimit");
    if (setrlimit(RLIMIT_RTPRIO, &none) || setrlimit(RLIMIT_NICE, &none)) die("setrlimit");
}

void drop_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    for (int capability = 0; capability < 64; capability++) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &header, none)) die("capset");
}

/* Run a file that has no interpreter line with the shell: not every C library's execvp does. */
static void become_script(char **argv) {
    size_t count = 1;
    while (argv[count - 1]) count++;
    char *words[count + 1];
    words[0] = "/bin/sh";
    memcpy(words + 1, argv, count * sizeof *argv);
    execv(words[0], words);
}

/* A session of its own, and nothing of the runner's but the three standard streams. */
static void leave_runner(void) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid();
    umask(022);
    syscall(SYS_close_range, 3, ~0U, 0);
}

static void confine(void) {
    limit(RLIMIT_NOFILE, limits.nofile);
    limit(RLIMIT_FSIZE, limits.fsize);
    limit(RLIMIT_NPROC, limits.nproc);
    limit(RLIMIT_DATA, limits.data);
    forbid_the_rest();
    if (limits.user && (setgroups(0, NULL) || setgid(limits.user))) die("setgid");
    if (limits.user && setuid(limits.user)) die("setuid");
    if (!staged) return; /* then the runner itself has no capability, and its filter is inherited */
    drop_capabilities();
    if (deny_system_calls(limits.data > 0)) die("seccomp");
}

void become(struct request *request) {
    leave_runner();
    confine();
    if (chdir(request->cwd)) {
        dprintf(2, "%s: %s\n", request->cwd, strerror(errno));
        _exit(request->op == 'x' ? NOT_EXECUTABLE : errno);
    }
    if (request->op != 'x') {
        signal(SIGXFSZ, SIG_IGN); /* a file over the limit is then an errno */
        _exit(file_operation(request));
    }
    environ = request->env;
    execvp(request->argv[0], request->argv);
    if (errno == ENOEXEC) become_script(request->argv);
    int error = errno;
    dprintf(2, "%s: %s\n", request->argv[0], error == ENOENT ? "command not found" : strerror(error));
    _exit(error == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}
