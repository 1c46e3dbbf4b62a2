/* Loaded into every program of a repeated run (LD_PRELOAD): moves the date ahead, and records how much memory
 * each program used at most. A test that depends on today's date then fails here, before an agent pays for it.
 *
 *     CODEGYM_CLOCK   seconds by which the date is ahead
 *
 * Only the date is moved. Clocks that measure durations stay as they are, and so do the times of files.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t ahead;

__attribute__((constructor)) static void begin(void) {
    const char *seconds = getenv("CODEGYM_CLOCK");
    if (seconds) ahead = atol(seconds);
}

__attribute__((destructor)) static void end(void) {
    struct rusage used;
    char line[32];
    int fd = open("/tmp/.codegym-memory", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || getrusage(RUSAGE_SELF, &used)) return;
    int size = snprintf(line, sizeof line, "%ld\n", used.ru_maxrss);
    if (write(fd, line, size) != size) _exit(70);
    close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI)) now->tv_sec += ahead;
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME, &exact)) return -1;
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME_COARSE, &exact)) return -1;
    if (out) *out = exact.tv_sec;
    return exact.tv_sec;
}
