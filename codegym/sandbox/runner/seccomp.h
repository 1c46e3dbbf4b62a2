/* The filter of system calls for everything that runs in a box. */
#pragma once
#include <stdbool.h>

/* Refuse, from here on and for all descendants, the calls listed in seccomp.c; with `count_memory` those as well
 * that get memory which nobody can count without control groups. Return 0, or otherwise set errno. */
int deny_system_calls(bool count_memory);
