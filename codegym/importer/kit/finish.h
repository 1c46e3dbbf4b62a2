/*
 * Says to the judge that a test program came to its end.
 *
 * It declares no function but its own and calls the kernel by number, since the code under test may have functions
 * called read, write or close.
 */
#include <sys/syscall.h>

#ifdef __cplusplus
extern "C"
#endif
long codegym_kernel(long number, ...) __asm__("syscall");

static void codegym_finish(void)
{
    char word[32];
    if (codegym_kernel(SYS_read, 3L, word, sizeof word) == (long)sizeof word
        && codegym_kernel(SYS_write, 4L, word, sizeof word) == (long)sizeof word)
        codegym_kernel(SYS_close, 4L);
}
