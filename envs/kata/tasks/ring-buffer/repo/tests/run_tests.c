#include "tap.h"

#include "ring.h"

#include <string.h>

static bool bytes_come_out_in_order(void)
{
    unsigned char memory[8], out[8];
    struct ring ring;
    ring_init(&ring, memory, sizeof memory);
    CHECK(ring_write(&ring, (const unsigned char *)"hello", 5) == 5);
    CHECK(ring_read(&ring, out, 8) == 5);
    CHECK(memcmp(out, "hello", 5) == 0);
    return true;
}

static bool only_what_fits_is_written(void)
{
    unsigned char memory[4];
    struct ring ring;
    ring_init(&ring, memory, sizeof memory);
    CHECK(ring_write(&ring, (const unsigned char *)"abcdef", 6) == 4);
    CHECK(ring_free(&ring) == 0);
    return true;
}

static bool writing_wraps_around(void)
{
    unsigned char memory[4], out[4];
    struct ring ring;
    ring_init(&ring, memory, sizeof memory);
    ring_write(&ring, (const unsigned char *)"abc", 3);
    ring_read(&ring, NULL, 3);
    CHECK(ring_write(&ring, (const unsigned char *)"wxyz", 4) == 4);
    CHECK(ring_read(&ring, out, 4) == 4);
    CHECK(memcmp(out, "wxyz", 4) == 0);
    return true;
}

static const struct tap_test tests[] = {
    {"bytes come out in order", bytes_come_out_in_order},
    {"only what fits is written", only_what_fits_is_written},
    {"writing wraps around", writing_wraps_around},
};

TAP_MAIN(tests)
