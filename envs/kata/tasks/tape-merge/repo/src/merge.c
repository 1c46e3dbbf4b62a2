#include "merge.h"

#include <stdlib.h>

size_t merge_tapes(const struct tape *tapes, size_t tape_count, void **out, compare_fn compare, void *context)
{
    size_t *next = calloc(tape_count + 1, sizeof *next);
    if (next == NULL)
        return (size_t)-1;
    size_t written = 0;
    for (;;) {
        size_t best = tape_count;
        for (size_t i = 0; i < tape_count; i++) {
            if (next[i] == tapes[i].count)
                continue;
            if (best == tape_count
                || compare(tapes[i].records[next[i]], tapes[best].records[next[best]], context) < 0)
                best = i;
        }
        if (best == tape_count)
            break;
        out[written++] = tapes[best].records[next[best]++];
    }
    free(next);
    return written;
}
