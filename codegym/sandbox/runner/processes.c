/* The processes of a box; see processes.h. */
#define _GNU_SOURCE
#include "processes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "become.h"
#include "command.h"
#include "die.h"
#include "stage.h"

enum {
    MAX_SERVICES = 16,
    MAX_PIDS = 65536, /* the longest chain of parents that is followed */
    RETRY_US = 200,   /* between two looks for processes that are left */
};

static pid_t services[MAX_SERVICES];
static int service_count;

static bool is_service(pid_t pid) {
    for (int i = 0; i < service_count; i++)
        if (services[i] == pid) return true;
    return false;
}

static void remove_service(pid_t pid) {
    for (int i = 0; i < service_count; i++)
        if (services[i] == pid) services[i--] = services[--service_count];
}

/* The process of a service: a parent that adopts the orphans of the program, so that its descendants are known. */
static _Noreturn void be_service(struct request *request) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t program = fork(), ended;
    if (program == 0) become(request);
    syscall(SYS_close_range, 3, ~0U, 0);
    if (chdir("/")) _exit(1);
    if (staged) drop_capabilities();
    while ((ended = wait(NULL)) != program && (ended > 0 || errno == EINTR)) continue;
    _exit(0);
}

int32_t start_service(struct request *request) {
    pid_t pid = service_count < MAX_SERVICES ? fork() : -1;
    if (pid == 0) be_service(request);
    if (pid < 0) return -EAGAIN;
    services[service_count++] = pid;
    return pid;
}

void reap(int flags) {
    int status;
    struct rusage usage;
    pid_t pid;
    while ((pid = wait4(-1, &status, flags, &usage)) > 0 || (pid < 0 && errno == EINTR)) {
        if (pid < 0) continue;
        note_command_end(pid, status, &usage);
        remove_service(pid);
    }
}

static pid_t parent_of(pid_t pid) {
    char path[32], line[512];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof line - 1);
    if (fd >= 0) close(fd);
    if (n <= 0) return 0;
    line[n] = 0;
    char *end = strrchr(line, ')'); /* of the name, which may hold anything; then come " S PARENT" */
    return end ? (pid_t)atoi(end + 4) : 0;
}

static bool belongs_to_service(pid_t pid) {
    for (int depth = 0; pid > 1 && depth < MAX_PIDS; depth++, pid = parent_of(pid))
        if (is_service(pid)) return true;
    return false;
}

/* Kill every process that belongs to no service, and return how many. */
static int kill_strangers(bool wake_services) {
    int killed = 0;
    struct dirent *entry;
    DIR *proc = opendir("/proc");
    if (!proc) die("/proc");
    while ((entry = readdir(proc))) {
        pid_t pid = atoi(entry->d_name);
        if (pid <= 1) continue;
        if (!belongs_to_service(pid)) killed += kill(pid, SIGKILL) == 0;
        else if (wake_services) kill(pid, SIGCONT);
    }
    closedir(proc);
    return killed;
}

/* All are stopped first, so that none forks away meanwhile. */
void kill_rest(bool services_too) {
    if (services_too) service_count = 0;
    if (service_count == 0) {
        kill(-1, SIGKILL);
        reap(0);
        return;
    }
    kill(-1, SIGSTOP);
    for (bool first = true; kill_strangers(first) > 0; first = false) {
        reap(WNOHANG);
        usleep(RETRY_US);
    }
    reap(WNOHANG);
}
