/* How a program of this folder gives up. Each program defines it, since each has another reader. */
#pragma once

/* Report what failed, with the message of errno, and exit with 70. */
_Noreturn void die(const char *what);
