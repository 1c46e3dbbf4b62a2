#include "tap.h"

#include "merge.h"

#include <string.h>

#define MAX_TAPES 200
#define MAX_RECORDS 6000

struct record {
    int key;
    size_t tape, place;
};

struct counter {
    size_t comparisons;
};

static struct record all[MAX_RECORDS];
static void *pointers[MAX_RECORDS], *before[MAX_RECORDS], *out[MAX_RECORDS + 1];
static struct tape tapes[MAX_TAPES];
static struct counter counter;
static unsigned state;

static int compare(const void *a, const void *b, void *context)
{
    ((struct counter *)context)->comparisons++;
    int x = ((const struct record *)a)->key, y = ((const struct record *)b)->key;
    return (x > y) - (x < y);
}

static unsigned next_number(unsigned below)
{
    state = state * 1103515245u + 12345u;
    return (state >> 8) % below;
}

/* Fill the tapes: `length(t)` records on tape t, each key up to `step` above the one before it. */
static size_t fill(size_t tape_count, size_t (*length)(size_t), unsigned step)
{
    size_t total = 0;
    state = 99;
    for (size_t t = 0; t < tape_count; t++) {
        int key = (int)next_number(step + 5);
        tapes[t] = (struct tape){pointers + total, length(t)};
        for (size_t i = 0; i < tapes[t].count; i++) {
            key += (int)next_number(step + 1);
            all[total] = (struct record){key, t, i};
            pointers[total] = &all[total];
            total++;
        }
    }
    memcpy(before, pointers, sizeof before);
    return total;
}

static bool merged_well(size_t tape_count, size_t total)
{
    counter.comparisons = 0;
    out[total] = &counter;
    CHECK(merge_tapes(tapes, tape_count, out, compare, &counter) == total);
    CHECK(out[total] == &counter);
    CHECK(memcmp(before, pointers, sizeof before) == 0);
    for (size_t i = 1; i < total; i++) {
        const struct record *a = out[i - 1], *b = out[i];
        CHECK(a->key <= b->key);
        if (a->key == b->key)
            CHECK(a->tape < b->tape || (a->tape == b->tape && a->place < b->place));
    }
    return true;
}

static bool within_budget(size_t tape_count, size_t total)
{
    size_t rounds = 0;
    while (((size_t)1 << rounds) < tape_count)
        rounds++;
    return counter.comparisons <= 2 * total * rounds + 2 * tape_count;
}

static size_t thirty(size_t tape)
{
    (void)tape;
    return 30;
}

static size_t growing(size_t tape)
{
    return tape;
}

static size_t every_third(size_t tape)
{
    return tape % 3 ? 0 : 17;
}

static size_t one_long(size_t tape)
{
    return tape == 5 ? 2000 : 1;
}

static size_t none(size_t tape)
{
    (void)tape;
    return 0;
}

static bool order_of_different_keys(void)
{
    CHECK(merged_well(2, fill(2, thirty, 9)));
    CHECK(merged_well(7, fill(7, growing, 1000)));
    return merged_well(33, fill(33, thirty, 50));
}

static bool ties_keep_the_order_of_tapes(void)
{
    CHECK(merged_well(3, fill(3, thirty, 0)));
    CHECK(merged_well(5, fill(5, thirty, 1)));
    return merged_well(64, fill(64, thirty, 1));
}

static bool tapes_of_all_lengths(void)
{
    CHECK(merged_well(20, fill(20, every_third, 4)));
    CHECK(merged_well(19, fill(19, growing, 3)));
    return merged_well(50, fill(50, one_long, 2));
}

static bool nothing_to_merge(void)
{
    CHECK(merged_well(0, 0));
    CHECK(merged_well(4, fill(4, none, 1)));
    CHECK(counter.comparisons == 0);
    return true;
}

static bool one_tape_needs_no_comparison(void)
{
    CHECK(merged_well(1, fill(1, thirty, 3)));
    return counter.comparisons <= 2;
}

static bool budget_of_many_tapes(void)
{
    size_t total = fill(200, thirty, 40);
    CHECK(merged_well(200, total));
    return within_budget(200, total);
}

static bool budget_of_middling_numbers(void)
{
    size_t total = fill(64, thirty, 3);
    CHECK(merged_well(64, total));
    CHECK(within_budget(64, total));
    total = fill(100, growing, 2);
    CHECK(merged_well(100, total));
    return within_budget(100, total);
}

static bool budget_with_ties(void)
{
    size_t total = fill(128, thirty, 0);
    CHECK(merged_well(128, total));
    return within_budget(128, total);
}

static bool budget_with_one_long_tape(void)
{
    size_t total = fill(150, one_long, 1);
    CHECK(merged_well(150, total));
    return within_budget(150, total);
}

static const struct tap_test tests[] = {
    {"order of different keys", order_of_different_keys},
    {"ties keep the order of tapes", ties_keep_the_order_of_tapes},
    {"tapes of all lengths", tapes_of_all_lengths},
    {"nothing to merge", nothing_to_merge},
    {"one tape needs no comparison", one_tape_needs_no_comparison},
    {"budget of many tapes", budget_of_many_tapes},
    {"budget of middling numbers of tapes", budget_of_middling_numbers},
    {"budget with ties", budget_with_ties},
    {"budget with one long tape", budget_with_one_long_tape},
};

TAP_MAIN(tests)
