#include "tap.h"

#include "ring.h"

#include <string.h>

#define GUARD 0xA5

/* A ring of 7 bytes with guards on both sides, and a plain queue that does the same. */
static unsigned char memory[64];
static struct ring ring;
static unsigned char model[64];
static size_t model_length;

static void start(size_t capacity)
{
    memset(memory, GUARD, sizeof memory);
    ring_init(&ring, memory + 16, capacity);
    model_length = 0;
}

static bool unharmed(size_t capacity)
{
    for (size_t i = 0; i < sizeof memory; i++)
        if ((i < 16 || i >= 16 + capacity) && memory[i] != GUARD)
            return false;
    return true;
}

static void model_drop(size_t count)
{
    memmove(model, model + count, model_length - count);
    model_length -= count;
}

static bool agrees(size_t capacity)
{
    unsigned char byte;
    CHECK(unharmed(capacity));
    CHECK(ring.length == model_length);
    CHECK(ring_free(&ring) == capacity - model_length);
    for (size_t i = 0; i < model_length; i++) {
        CHECK(ring_peek(&ring, i, &byte));
        CHECK(byte == model[i]);
    }
    CHECK(!ring_peek(&ring, model_length, &byte));
    return true;
}

static bool write_both(const unsigned char *bytes, size_t count, size_t capacity)
{
    size_t fits = capacity - model_length < count ? capacity - model_length : count;
    CHECK(ring_write(&ring, bytes, count) == fits);
    memcpy(model + model_length, bytes, fits);
    model_length += fits;
    return agrees(capacity);
}

static bool overwrite_both(const unsigned char *bytes, size_t count, size_t capacity)
{
    size_t dropped = model_length + count > capacity ? model_length + count - capacity : 0;
    memcpy(model + model_length, bytes, count);
    model_length += count;
    model_drop(dropped);
    CHECK(ring_overwrite(&ring, bytes, count) == dropped);
    return agrees(capacity);
}

static bool read_both(size_t count, size_t capacity)
{
    unsigned char out[64];
    memset(out, GUARD, sizeof out);
    size_t there = model_length < count ? model_length : count;
    CHECK(ring_read(&ring, out, count) == there);
    CHECK(memcmp(out, model, there) == 0);
    CHECK(out[there] == GUARD);
    model_drop(there);
    return agrees(capacity);
}

static bool long_walk(size_t capacity, bool overwriting)
{
    unsigned char bytes[24], next = 0;
    unsigned state = 12345;
    start(capacity);
    for (int step = 0; step < 3000; step++) {
        state = state * 1103515245u + 12345u;
        size_t count = (state >> 16) % (overwriting ? 20 : 10);
        for (size_t i = 0; i < count; i++)
            bytes[i] = next++;
        if ((state >> 24) % 2)
            CHECK(read_both(count, capacity));
        else if (overwriting)
            CHECK(overwrite_both(bytes, count, capacity));
        else
            CHECK(write_both(bytes, count, capacity));
    }
    return true;
}

static bool first_bytes(void)
{
    unsigned char out[9];
    start(7);
    CHECK(ring_free(&ring) == 7);
    CHECK(ring_write(&ring, (const unsigned char *)"abc", 3) == 3);
    CHECK(ring_read(&ring, out, 2) == 2 && memcmp(out, "ab", 2) == 0);
    CHECK(ring_find(&ring, 'c') == 0);
    CHECK(ring_read(&ring, out, 9) == 1 && out[0] == 'c');
    return unharmed(7);
}

static bool full_and_empty_differ(void)
{
    start(3);
    CHECK(agrees(3));
    CHECK(write_both((const unsigned char *)"xyz", 3, 3));
    CHECK(write_both((const unsigned char *)"!", 1, 3));
    CHECK(read_both(3, 3));
    return write_both((const unsigned char *)"uvw", 3, 3);
}

static bool walk_of_seven(void)
{
    return long_walk(7, false);
}

static bool walk_of_eight(void)
{
    return long_walk(8, false);
}

static bool walk_of_one(void)
{
    return long_walk(1, false);
}

static bool overwriting_walk(void)
{
    return long_walk(7, true) && long_walk(16, true) && long_walk(1, true);
}

static bool overwriting_with_more_than_fits(void)
{
    start(4);
    CHECK(overwrite_both((const unsigned char *)"ab", 2, 4));
    CHECK(overwrite_both((const unsigned char *)"0123456789", 10, 4));
    CHECK(model[0] == '6');
    return overwrite_both((const unsigned char *)"x", 1, 4);
}

static bool nothing_fits_into_nothing(void)
{
    unsigned char out[1];
    start(0);
    CHECK(ring_write(&ring, (const unsigned char *)"a", 1) == 0);
    CHECK(ring_overwrite(&ring, (const unsigned char *)"abc", 3) == 3);
    CHECK(ring_read(&ring, out, 1) == 0);
    CHECK(ring_find(&ring, 'a') == 0);
    return unharmed(0);
}

static bool peek_stays_inside(void)
{
    unsigned char byte = 'q';
    start(5);
    CHECK(!ring_peek(&ring, 0, &byte));
    CHECK(write_both((const unsigned char *)"abcde", 5, 5));
    CHECK(!ring_peek(&ring, 5, &byte));
    CHECK(!ring_peek(&ring, (size_t)-1, &byte));
    CHECK(byte == 'q');
    return true;
}

static bool find_goes_round_the_corner(void)
{
    start(6);
    CHECK(write_both((const unsigned char *)"abcdef", 6, 6));
    CHECK(read_both(4, 6));
    CHECK(write_both((const unsigned char *)"fagh", 4, 6));
    CHECK(ring_find(&ring, 'f') == 1);
    CHECK(ring_find(&ring, 'a') == 3);
    CHECK(ring_find(&ring, 'h') == 5);
    CHECK(ring_find(&ring, 'z') == 6);
    CHECK(ring_find(&ring, 'b') == 6);
    return true;
}

static bool bytes_can_be_thrown_away(void)
{
    start(5);
    CHECK(write_both((const unsigned char *)"abcd", 4, 5));
    CHECK(ring_read(&ring, NULL, 3) == 3);
    model_drop(3);
    CHECK(write_both((const unsigned char *)"efgh", 4, 5));
    CHECK(ring_read(&ring, NULL, 99) == 5);
    model_drop(5);
    return agrees(5);
}

static const struct tap_test tests[] = {
    {"first bytes", first_bytes},
    {"full and empty differ", full_and_empty_differ},
    {"long walk through a ring of seven", walk_of_seven},
    {"long walk through a ring of eight", walk_of_eight},
    {"long walk through a ring of one", walk_of_one},
    {"overwriting walk", overwriting_walk},
    {"overwriting with more than fits", overwriting_with_more_than_fits},
    {"nothing fits into nothing", nothing_fits_into_nothing},
    {"peek stays inside", peek_stays_inside},
    {"find goes round the corner", find_goes_round_the_corner},
    {"bytes can be thrown away", bytes_can_be_thrown_away},
};

TAP_MAIN(tests)
