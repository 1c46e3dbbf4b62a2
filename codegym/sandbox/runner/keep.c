/* The keeper: holds a box's private mounts, starts bubblewrap in them, and lays a new workspace on request.
 *
 *     keep CONTROL OWNER STAGE DISK_BYTES INODES JOIN CGROUPS LAYERS layer... bwrap arg...
 *
 * It makes user and mount namespaces of its own (or, to fork a box, a copy of those of keeper JOIN), mounts a
 * tmpfs of limited size on STAGE, and binds the base layers to STAGE/l/0... The workspace is an overlayfs on
 * STAGE/w, a shared mount that bubblewrap binds at /work: what is mounted there later shows up in the box.
 * Nothing of this exists outside these namespaces, so nothing is left when their last process is gone.
 *
 * Requests on descriptor CONTROL, a packet each; the answer is a packet, "0" or "<errno> <what failed>":
 *     m UPPER LOWER...   lay STAGE/u/UPPER (made if missing) over the lower folders (relative to STAGE)
 *     d UPPER            delete STAGE/u/UPPER
 *     c                  empty /tmp and /dev/shm
 * It ends, and with it the box, when its owner ends, when CONTROL closes, or when bubblewrap ends.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int control;
static bool laid; /* whether a workspace is mounted on w */

static void die(const char *what) { dprintf(2, "keeper: %s: %s\n", what, strerror(errno)); _exit(70); }

static void put(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) die(path);
    close(fd);
}

static void enter_cgroups(char *list) {
    for (char *path = strtok(list, ":"); path; path = strtok(NULL, ":")) put(path, "0");
}

static void own_namespaces(void) {
    char map[64]; uid_t uid = geteuid(); gid_t gid = getegid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS)) die("unshare (are user namespaces allowed?)");
    put("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "0 %u 1", uid); put("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "0 %u 1", gid); put("/proc/self/gid_map", map);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) die("private mounts");
}

static void join_namespaces(const char *pid) {
    const char *names[] = {"user", "mnt"}; char path[64]; int fds[2];
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/proc/%s/ns/%s", pid, names[i]);
        if ((fds[i] = open(path, O_RDONLY | O_CLOEXEC)) < 0) die(path);
    }
    for (int i = 0; i < 2; i++) if (setns(fds[i], 0)) die("setns");
    if (unshare(CLONE_NEWNS)) die("unshare");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) die("private mounts");
}

static void build_stage(const char *stage, const char *size, const char *inodes, int layers, char **layer) {
    char options[128], path[64], source[64]; int fds[layers];
    if (chdir(stage)) die(stage);
    for (int i = 0; i < layers; i++) if ((fds[i] = open(layer[i], O_PATH | O_CLOEXEC)) < 0) die(layer[i]);
    snprintf(options, sizeof options, "size=%s,nr_inodes=%s,mode=755", size, inodes);
    if (mount("codegym", stage, "tmpfs", MS_NOSUID | MS_NODEV, options)) die("tmpfs");
    if (chdir(stage)) die(stage);
    const char *folders[] = {"l", "u", "k", "w", "tmp", "shm"};
    for (int i = 0; i < 6; i++) if (mkdir(folders[i], 0755)) die(folders[i]);
    if (chmod("tmp", 01777) || chmod("shm", 01777) || mkdir("tmp/home", 0755)) die("tmp");
    for (int i = 0; i < layers; i++) {
        snprintf(path, sizeof path, "l/%d", i); snprintf(source, sizeof source, "/proc/self/fd/%d", fds[i]);
        if (mkdir(path, 0755) || mount(source, path, NULL, MS_BIND, NULL)) die(layer[i]);
        close(fds[i]);
    }
    if (mount("w", "w", NULL, MS_BIND, NULL) || mount(NULL, "w", NULL, MS_SHARED, NULL)) die("workspace");
}

/* ---- deleting: entries are moved up before they are removed, so that depth costs neither stack nor descriptors ---- */

static void empty(int top) {
    static unsigned serial; char moved[32]; struct dirent *entry; bool again = true;
    while (again) {
        again = false;
        DIR *folder = fdopendir(openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        while (folder && (entry = readdir(folder))) {
            const char *name = entry->d_name;
            if (!strcmp(name, ".") || !strcmp(name, "..") || unlinkat(top, name, 0) == 0) continue;
            if (unlinkat(top, name, AT_REMOVEDIR) == 0) continue;
            fchmodat(top, name, 0700, 0);
            int inner = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            DIR *child = inner < 0 ? NULL : fdopendir(inner);
            while (child && (entry = readdir(child))) {
                if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
                if (unlinkat(inner, entry->d_name, 0) == 0) continue;
                snprintf(moved, sizeof moved, ".gone-%u", serial++);
                fchmodat(inner, entry->d_name, 0700, 0);
                again |= renameat(inner, entry->d_name, top, moved) == 0;
            }
            if (child) closedir(child);
            unlinkat(top, name, AT_REMOVEDIR);
        }
        if (folder) closedir(folder);
    }
}

static const char *delete_folder(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return path;
    empty(fd);
    close(fd);
    return rmdir(path) ? path : NULL;
}

static const char *clean(void) {
    const char *folders[] = {"tmp", "shm"};
    for (int i = 0; i < 2; i++) {
        int fd = open(folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || fchmod(fd, 01777)) return folders[i];
        empty(fd);
        close(fd);
    }
    return mkdir("tmp/home", 0755) ? "tmp/home" : NULL;
}

/* ---- requests ---- */

static const char *lay(char *upper) {
    static char options[4096], u[64], k[64]; char *lowers = strchr(upper, ' ');
    if (!lowers) { errno = EINVAL; return "request"; }
    *lowers++ = 0;
    for (char *at = lowers; *at; at++) if (*at == ' ') *at = ':';
    snprintf(u, sizeof u, "u/%.32s", upper); snprintf(k, sizeof k, "k/%.32s", upper);
    if ((mkdir(u, 0755) && errno != EEXIST) || (mkdir(k, 0755) && errno != EEXIST)) return u;
    int n = snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s,workdir=%s,userxattr,index=off,metacopy=off", lowers, u, k);
    if (n >= (int)sizeof options) { errno = E2BIG; return "layers"; }
    if (laid && umount2("w", MNT_DETACH)) return "umount";
    laid = mount("codegym", "w", "overlay", MS_NOSUID | MS_NODEV, options) == 0;
    return laid ? NULL : "overlay";
}

static const char *discard(const char *upper) {
    static char path[64]; const char *failed;
    snprintf(path, sizeof path, "u/%.32s", upper);
    if ((failed = delete_folder(path))) return failed;
    path[0] = 'k';
    return delete_folder(path) ? "work folder" : NULL;
}

static void handle_request(void) {
    char line[8192]; const char *failed;
    ssize_t n = recv(control, line, sizeof line - 1, 0);
    if (n <= 0) _exit(0);
    line[n] = 0;
    errno = EINVAL;
    if (line[0] == 'm') failed = lay(line + 2);
    else if (line[0] == 'd') failed = discard(line + 2);
    else if (line[0] == 'c') failed = clean();
    else failed = "request";
    if (failed) dprintf(control, "%d %s", errno, failed);
    else dprintf(control, "0");
}

static pid_t start(char **argv) {
    sigset_t none; sigemptyset(&none);
    pid_t pid = fork();
    if (pid < 0) die("fork");
    if (pid == 0) {
        sigprocmask(SIG_SETMASK, &none, NULL);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execvp(argv[0], argv);
        die(argv[0]);
    }
    return pid;
}

int main(int argc, char **argv) {
    if (argc < 11) { fputs("keeper: too few arguments\n", stderr); return 64; }
    control = atoi(argv[1]);
    int layers = atoi(argv[8]), owner = (int)syscall(SYS_pidfd_open, atoi(argv[2]), 0);
    sigset_t mask; sigemptyset(&mask); sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    int ended = signalfd(-1, &mask, SFD_CLOEXEC);
    if (owner < 0 || ended < 0 || getppid() != atoi(argv[2])) die("owner");
    fcntl(control, F_SETFD, FD_CLOEXEC);
    put("/proc/self/oom_score_adj", "1000");
    enter_cgroups(argv[7]);
    if (strcmp(argv[6], "0")) join_namespaces(argv[6]); else own_namespaces();
    build_stage(argv[3], argv[4], argv[5], layers, argv + 9);
    pid_t box = start(argv + 9 + layers);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, 0); dup2(null, 1);
    struct pollfd fds[] = {{control, POLLIN, 0}, {owner, POLLIN, 0}, {ended, POLLIN, 0}};
    while (poll(fds, 3, -1) >= 0 || errno == EINTR) {
        if (fds[1].revents || fds[2].revents) break;
        if (fds[0].revents) handle_request();
    }
    kill(box, SIGKILL);
    waitpid(box, NULL, 0);
    return 0;
}
