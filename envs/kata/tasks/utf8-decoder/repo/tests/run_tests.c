#include "tap.h"

#include "utf8.h"

#include <string.h>

static bool ascii(void)
{
    uint32_t character = 0;
    CHECK(utf8_decode((const unsigned char *)"A", 1, &character) == 1);
    CHECK(character == 'A');
    return true;
}

static bool the_euro(void)
{
    uint32_t character = 0;
    unsigned char out[4];
    CHECK(utf8_decode((const unsigned char *)"\xE2\x82\xAC!", 4, &character) == 3);
    CHECK(character == 0x20AC);
    CHECK(utf8_encode(0x20AC, out) == 3 && memcmp(out, "\xE2\x82\xAC", 3) == 0);
    return true;
}

static bool a_truncated_euro(void)
{
    uint32_t character = 0;
    CHECK(utf8_decode((const unsigned char *)"\xE2\x82!", 3, &character) == 2);
    CHECK(character == UTF8_REPLACEMENT);
    CHECK(utf8_count((const unsigned char *)"\xE2\x82!", 3) == 2);
    return true;
}

static const struct tap_test tests[] = {
    {"ascii", ascii},
    {"the euro", the_euro},
    {"a truncated euro", a_truncated_euro},
};

TAP_MAIN(tests)
