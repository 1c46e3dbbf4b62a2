/* Merging sorted tapes into one. */
#ifndef MERGE_H
#define MERGE_H

#include <stddef.h>

/* A sorted tape: `count` pointers to records. */
struct tape {
    void *const *records;
    size_t count;
};

/* Compare two records: negative, zero or positive, as for qsort. `context` is passed through. */
typedef int (*compare_fn)(const void *a, const void *b, void *context);

/* Merge `tape_count` tapes into `out`, which has room for the records of all. Records that compare equal stay in
   the order of their tapes, and on a tape in the order they have there. Return the number of records written, or
   (size_t)-1 if there is not enough memory. The tapes are not changed. */
size_t merge_tapes(const struct tape *tapes, size_t tape_count, void **out, compare_fn compare, void *context);

#endif
