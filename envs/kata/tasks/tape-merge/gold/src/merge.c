#include "merge.h"

#include <stdlib.h>
#include <string.h>

struct job {
    compare_fn compare;
    void *context;
};

/* Merge two neighbouring runs of `from` into `to`; on a tie the left one goes first. */
static void merge_two(void **from, size_t left, size_t right, void **to, const struct job *job)
{
    size_t i = 0, j = left, end = left + right;
    while (i < left && j < end)
        *to++ = job->compare(from[j], from[i], job->context) < 0 ? from[j++] : from[i++];
    memcpy(to, from + i, (left - i) * sizeof *to);
    memcpy(to + (left - i), from + j, (end - j) * sizeof *to);
}

/* Merge the runs pairwise, halving their number; return how many are left. */
static size_t halve(void **from, size_t *lengths, size_t runs, void **to, const struct job *job)
{
    size_t kept = 0, at = 0;
    for (size_t run = 0; run < runs; run += 2) {
        size_t left = lengths[run], right = run + 1 < runs ? lengths[run + 1] : 0;
        merge_two(from + at, left, right, to + at, job);
        at += left + right;
        lengths[kept++] = left + right;
    }
    return kept;
}

size_t merge_tapes(const struct tape *tapes, size_t tape_count, void **out, compare_fn compare, void *context)
{
    const struct job job = {compare, context};
    size_t total = 0, runs = 0;
    for (size_t i = 0; i < tape_count; i++)
        total += tapes[i].count;
    if (total == 0)
        return 0;
    size_t *lengths = malloc(tape_count * sizeof *lengths);
    void **spare = malloc(total * sizeof *spare);
    if (lengths == NULL || spare == NULL) {
        free(lengths);
        free(spare);
        return (size_t)-1;
    }
    void **from = spare, **to = out, **end = from;
    for (size_t i = 0; i < tape_count; i++) {
        if (tapes[i].count == 0)
            continue;
        memcpy(end, tapes[i].records, tapes[i].count * sizeof *end);
        end += tapes[i].count;
        lengths[runs++] = tapes[i].count;
    }
    while (runs > 1) {
        runs = halve(from, lengths, runs, to, &job);
        void **swap = from;
        from = to;
        to = swap;
    }
    if (from != out)
        memcpy(out, from, total * sizeof *out);
    free(lengths);
    free(spare);
    return total;
}
