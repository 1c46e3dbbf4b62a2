/* System calls that no build or test needs, refused with EPERM: what could reach the kernel's rarer corners,
 * leave something behind that outlives its process (System V and POSIX queues, keys), or touch the runner. */
#define _GNU_SOURCE
#include "seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* What older headers don't name yet. */
#ifndef __NR_process_madvise
#define __NR_process_madvise 440
#endif
#ifndef __NR_cachestat
#define __NR_cachestat 451
#endif
enum { ADVICE_MERGEABLE = 12, ADVICE_COLD = 20, ADVICE_PAGEOUT = 21, ADVICE_COLLAPSE = 25, SET_MEMORY_MERGE = 67 };

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#else
#error "the runner knows x86_64 and aarch64"
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define REFUSE(error) RETURN(SECCOMP_RET_ERRNO | (error))
#define REFUSED(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1), REFUSE(EPERM)
#define DENY(name) REFUSED(name) /* by the engine's filter as well, which is made from these lines */
/* Refuse call `name` when the low half of argument `n` satisfies the test. */
#define REFUSE_IF(name, n, test, value, error) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 4), LOAD(args[n]), \
    BPF_JUMP(BPF_JMP | (test) | BPF_K, value, 0, 1), REFUSE(error), LOAD(nr)
#define DENY_IF(name, n, test, value) REFUSE_IF(name, n, test, value, EPERM)
#define DENY_UNLESS_ZERO(name, n) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 4), LOAD(args[n]), \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), REFUSE(EPERM), LOAD(nr)
/* Refuse every socket family that does not end at a network namespace: vsock reaches the hypervisor from any of
 * them, and asking for a rare one makes the host load its module. */
#define FAMILY(family, on) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, family, on, 0)
#define FEW_FAMILIES(name) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 7), LOAD(args[0]), \
    FAMILY(AF_UNIX, 4), FAMILY(AF_INET, 3), FAMILY(AF_INET6, 2), FAMILY(AF_NETLINK, 1), REFUSE(EAFNOSUPPORT), \
    LOAD(nr)
/* Of netlink, allow what lists a namespace's addresses: other protocols keep messages between processes, which no
 * limit counts. */
#define ROUTES_ONLY(name) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 6), LOAD(args[0]), \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 3), LOAD(args[2]), \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), REFUSE(EPROTONOSUPPORT), LOAD(nr)

static const struct sock_filter denied[] = {
    LOAD(arch), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0), REFUSE(ENOSYS),
    LOAD(nr),
#if defined(__x86_64__)
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), REFUSE(ENOSYS), /* x32 */
    DENY(ioperm), DENY(iopl),
#endif
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone3, 0, 1), REFUSE(ENOSYS), /* its flags are in memory */
    DENY_IF(clone, 0, BPF_JSET, 0x7e020000),                               /* new namespaces */
    FEW_FAMILIES(socket), FEW_FAMILIES(socketpair), ROUTES_ONLY(socket),
    DENY_UNLESS_ZERO(prlimit64, 0),                                        /* another process's limits */
    DENY_IF(ioctl, 1, BPF_JEQ, TIOCSTI), DENY_IF(ioctl, 1, BPF_JEQ, TIOCLINUX),
    DENY_IF(sched_setaffinity, 0, BPF_JEQ, 1), DENY_IF(sched_setscheduler, 0, BPF_JEQ, 1),
    DENY_IF(sched_setparam, 0, BPF_JEQ, 1), DENY_IF(sched_setattr, 0, BPF_JEQ, 1),
    DENY_UNLESS_ZERO(setpriority, 0), DENY_UNLESS_ZERO(setpriority, 1), DENY(ioprio_set), /* all but its own */
    DENY(unshare), DENY(setns), DENY(mount), DENY(umount2), DENY(pivot_root), DENY(chroot), DENY(move_mount),
    DENY(open_tree), DENY(fsopen), DENY(fsconfig), DENY(fsmount), DENY(fspick), DENY(mount_setattr),
    DENY(open_by_handle_at), DENY(name_to_handle_at), DENY(quotactl), DENY(acct), DENY(swapon), DENY(swapoff),
    DENY(add_key), DENY(request_key), DENY(keyctl),
    DENY(shmget), DENY(msgget), DENY(semget), DENY(mq_open),
    DENY(bpf), DENY(perf_event_open), DENY(userfaultfd), DENY(kcmp),
    /* Boxes share the pages of the host's files. Refuse what reports which of them are in memory, what takes them
     * out of it, and what merges them or pages of other boxes. Allow what brings them in (reading, readahead,
     * WILLNEED, POPULATE_READ): any read does that, and what a box brought in is taken out with it (cgroup.py). */
    DENY(mincore), DENY(cachestat), DENY(process_madvise),
    REFUSE_IF(preadv2, 5, BPF_JSET, RWF_NOWAIT, EOPNOTSUPP),
    REFUSE_IF(fadvise64, 3, BPF_JEQ, POSIX_FADV_DONTNEED, 0),
    DENY_IF(madvise, 2, BPF_JEQ, ADVICE_COLD), DENY_IF(madvise, 2, BPF_JEQ, ADVICE_PAGEOUT),
    DENY_IF(madvise, 2, BPF_JEQ, ADVICE_COLLAPSE), DENY_IF(madvise, 2, BPF_JEQ, ADVICE_MERGEABLE),
    DENY_IF(prctl, 0, BPF_JEQ, SET_MEMORY_MERGE),
    /* What reports who else opens a file of the host, or makes them wait. */
    DENY(fanotify_init), DENY_IF(fcntl, 1, BPF_JEQ, F_SETLEASE), DENY_IF(fcntl, 1, BPF_JEQ, F_NOTIFY),
    DENY(io_uring_setup), DENY(io_uring_enter), DENY(io_uring_register),
    DENY(init_module), DENY(finit_module), DENY(delete_module), DENY(kexec_load), DENY(kexec_file_load),
    DENY(reboot), DENY(syslog), DENY(settimeofday), DENY(clock_settime), DENY(clock_adjtime), DENY(adjtimex),
    DENY(sethostname), DENY(setdomainname), DENY(vhangup),
    RETURN(SECCOMP_RET_ALLOW),
};

/* Memory that belongs to no file and that a process can have without mapping it: without control groups nobody
 * could count it. (The box's /dev/zero, which could be mapped so as well, is then a /dev/full.) */
static const struct sock_filter uncounted[] = {
    LOAD(nr), REFUSED(memfd_create),
#ifdef __NR_memfd_secret
    REFUSED(memfd_secret),
#endif
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_mmap, 0, 4), LOAD(args[3]),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, MAP_SHARED | MAP_ANONYMOUS),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MAP_SHARED | MAP_ANONYMOUS, 0, 1), REFUSE(ENOMEM),
    RETURN(SECCOMP_RET_ALLOW),
};

static int add_filter(const struct sock_filter *filter, size_t size) {
    struct sock_fprog program = {(unsigned short)(size / sizeof *filter), (struct sock_filter *)filter};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
}

int deny_system_calls(bool count_memory) {
    if (count_memory && add_filter(uncounted, sizeof uncounted)) return -1;
    return add_filter(denied, sizeof denied);
}
