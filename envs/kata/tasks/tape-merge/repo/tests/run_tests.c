#include "tap.h"

#include "merge.h"

static int compare(const void *a, const void *b, void *context)
{
    ++*(size_t *)context;
    return *(const int *)a - *(const int *)b;
}

static bool two_tapes(void)
{
    int values[] = {1, 2, 3, 4, 5};
    void *odd[] = {&values[0], &values[2], &values[4]}, *even[] = {&values[1], &values[3]}, *out[5];
    const struct tape tapes[] = {{odd, 3}, {even, 2}};
    size_t comparisons = 0;
    CHECK(merge_tapes(tapes, 2, out, compare, &comparisons) == 5);
    for (int i = 0; i < 5; i++)
        CHECK(*(int *)out[i] == i + 1);
    return true;
}

static bool sixteen_tapes_within_budget(void)
{
    enum { TAPES = 16, EACH = 20 };
    static int values[TAPES][EACH];
    static void *records[TAPES][EACH], *out[TAPES * EACH];
    struct tape tapes[TAPES];
    for (int t = 0; t < TAPES; t++) {
        for (int i = 0; i < EACH; i++) {
            values[t][i] = TAPES * i + t;
            records[t][i] = &values[t][i];
        }
        tapes[t] = (struct tape){records[t], EACH};
    }
    size_t comparisons = 0;
    CHECK(merge_tapes(tapes, TAPES, out, compare, &comparisons) == TAPES * EACH);
    CHECK(comparisons <= 2 * TAPES * EACH * 4 + 2 * TAPES);
    return true;
}

static const struct tap_test tests[] = {
    {"two tapes", two_tapes},
    {"sixteen tapes within budget", sixteen_tapes_within_budget},
};

TAP_MAIN(tests)
