#include "tap.h"

#include "bridge.h"

#include <math.h>
#include <string.h>

#define THOUSANDS 70000

static uint32_t many[THOUSANDS];
static int32_t deviations[THOUSANDS];

static bool sums_beyond_32_bits(void)
{
    const uint32_t loads[] = {4000000000u, 4294967295u, 3000000000u};
    CHECK(bridge_total(loads, 1) == 4000000000);
    CHECK(bridge_total(loads, 3) == 11294967295);
    CHECK(bridge_total(loads, 0) == 0);
    return true;
}

static bool sums_of_many_loads(void)
{
    for (size_t i = 0; i < THOUSANDS; i++)
        many[i] = 4000000001u;
    CHECK(bridge_total(many, THOUSANDS) == 280000000070000);
    CHECK(bridge_total(many, 300) == 1200000000300);
    return true;
}

static bool means_below_zero(void)
{
    const int32_t low[] = {-7, -4, -6, 2};
    CHECK(bridge_mean(low, 3) == -5);
    CHECK(bridge_mean(low, 4) == -3);
    CHECK(bridge_mean(low, 1) == -7);
    CHECK(bridge_mean(low, 0) == 0);
    return true;
}

static bool means_of_large_sums(void)
{
    const int32_t high[] = {2147483647, 2147483647, 2147483645};
    const int32_t low[] = {-2147483647 - 1, -2147483647 - 1};
    CHECK(bridge_mean(high, 3) == 2147483646);
    CHECK(bridge_mean(low, 2) + 2147483647 == -1);
    for (size_t i = 0; i < THOUSANDS; i++)
        deviations[i] = -2000000000;
    CHECK(bridge_mean(deviations, THOUSANDS) == -2000000000);
    return true;
}

static bool check_digits(void)
{
    CHECK(bridge_check("") == 0);
    CHECK(bridge_check("A") == 65);
    CHECK(bridge_check("HB AZ 4711") == 27);
    return true;
}

static bool check_digits_of_umlauts(void)
{
    CHECK(bridge_check("\xc3\x84") == 71);
    CHECK(bridge_check("K\xc3\x96 88") == 10);
    CHECK(bridge_check("\xff\xff\xff\xff") == 28);
    return true;
}

static bool check_digits_of_long_plates(void)
{
    static char plate[THOUSANDS];
    memset(plate, 'Z', 66000);
    CHECK(bridge_check(plate) == 80);
    memset(plate, 0xfe, 66001);
    CHECK(bridge_check(plate) == 56);
    return true;
}

static bool hundreds(void)
{
    CHECK(bridge_hundreds(3.14) == 31);
    CHECK(bridge_hundreds(0.25) == 3);
    CHECK(bridge_hundreds(12.75) == 128);
    CHECK(bridge_hundreds(0.0499) == 0);
    CHECK(bridge_hundreds(6553.5) == 65535);
    return true;
}

static bool hundreds_that_a_float_does_not_hold(void)
{
    CHECK(bridge_hundreds(1234.5499999999) == 12345);
    CHECK(bridge_hundreds(5000.0499999999) == 50000);
    CHECK(bridge_hundreds(0.0499999999) == 0);
    return true;
}

static bool hundreds_out_of_range(void)
{
    CHECK(bridge_hundreds(6553.6) == 65535);
    CHECK(bridge_hundreds(1e300) == 65535);
    CHECK(bridge_hundreds(INFINITY) == 65535);
    CHECK(bridge_hundreds(-0.04) == 0);
    CHECK(bridge_hundreds(-6553.4) == 0);
    CHECK(bridge_hundreds(-INFINITY) == 0);
    CHECK(bridge_hundreds(NAN) == 0);
    CHECK(bridge_hundreds(6553.44) == 65534);
    return true;
}

static bool loads_up_to_the_largest(void)
{
    uint32_t load = 1;
    CHECK(bridge_parse("4294967295", &load) && load == 4294967295);
    CHECK(bridge_parse("0000000000012", &load) && load == 12);
    CHECK(bridge_parse("0", &load) && load == 0);
    CHECK(bridge_parse("2147483648", &load) && load == 2147483648);
    return true;
}

static bool loads_that_are_too_large(void)
{
    uint32_t load = 815;
    CHECK(!bridge_parse("4294967296", &load) && load == 815);
    CHECK(!bridge_parse("42949672950", &load) && load == 815);
    CHECK(!bridge_parse("18446744073709551617", &load) && load == 815);
    CHECK(!bridge_parse("340282366920938463463374607431768211457", &load) && load == 815);
    return true;
}

static bool loads_that_are_none(void)
{
    uint32_t load = 4711;
    CHECK(!bridge_parse("", &load) && load == 4711);
    CHECK(!bridge_parse("-1", &load) && load == 4711);
    CHECK(!bridge_parse(" 1", &load) && load == 4711);
    CHECK(!bridge_parse("12kg", &load) && load == 4711);
    CHECK(!bridge_parse("1\xb2", &load) && load == 4711);
    CHECK(!bridge_parse("1:", &load) && load == 4711);
    return true;
}

static bool a_clock_that_wraps(void)
{
    CHECK(bridge_elapsed(1000, 61000) == 60000);
    CHECK(bridge_elapsed(4294967000u, 704) == 1000);
    CHECK(bridge_elapsed(61000, 1000) == -60000);
    CHECK(bridge_elapsed(704, 4294967000u) == -1000);
    CHECK(bridge_elapsed(5, 2147483652u) == 2147483647);
    CHECK(bridge_elapsed(2147483652u, 5) == -2147483647);
    return true;
}

static bool the_heaviest(void)
{
    const uint32_t loads[] = {5, 4000000000u, 70, 4000000001u, 4000000001u, 3999999999u};
    CHECK(bridge_heaviest(loads, 6) == 3);
    CHECK(bridge_heaviest(loads, 3) == 1);
    CHECK(bridge_heaviest(loads, 1) == 0);
    CHECK(bridge_heaviest(loads, 0) == 0);
    CHECK(bridge_heaviest(loads + 4, 2) == 0);
    return true;
}

static bool the_heaviest_of_nothing(void)
{
    const uint32_t loads[] = {0, 0, 0, 1};
    CHECK(bridge_heaviest(loads, 3) == 0);
    CHECK(bridge_heaviest(loads, 4) == 3);
    return true;
}

static bool signed_loads(void)
{
    CHECK(bridge_signed((const uint8_t[]){0x39, 0x30, 0, 0}) == 12345);
    CHECK(bridge_signed((const uint8_t[]){0xff, 0xff, 0xff, 0xff}) == -1);
    CHECK(bridge_signed((const uint8_t[]){0x00, 0x80, 0x00, 0x00}) == 32768);
    CHECK(bridge_signed((const uint8_t[]){0xfe, 0xff, 0x01, 0x00}) == 131070);
    CHECK(bridge_signed((const uint8_t[]){0xff, 0xff, 0xff, 0x7f}) == 2147483647);
    CHECK(bridge_signed((const uint8_t[]){0x01, 0x00, 0x00, 0x80}) == -2147483647);
    CHECK(bridge_signed((const uint8_t[]){0xc7, 0xcf, 0xff, 0xff}) == -12345);
    CHECK(bridge_signed((const uint8_t[]){0x00, 0x00, 0x00, 0x80}) + 1 == -2147483647);
    return true;
}

static bool per_mille(void)
{
    CHECK(bridge_per_mille(1, 3) == 333);
    CHECK(bridge_per_mille(2, 3) == 666);
    CHECK(bridge_per_mille(7, 7) == 1000);
    CHECK(bridge_per_mille(5, 2) == 2500);
    CHECK(bridge_per_mille(0, 9) == 0);
    CHECK(bridge_per_mille(9, 0) == 0);
    return true;
}

static bool per_mille_of_large_loads(void)
{
    CHECK(bridge_per_mille(4294967294u, 4294967295u) == 999);
    CHECK(bridge_per_mille(16777217, 16777216) == 1000);
    CHECK(bridge_per_mille(4294967, 4294967295u) == 0);
    CHECK(bridge_per_mille(4294968, 4294967295u) == 1);
    CHECK(bridge_per_mille(1007, 1000) == 1007);
    CHECK(bridge_per_mille(65, 1) == 65000);
    CHECK(bridge_per_mille(66, 1) == 65535);
    CHECK(bridge_per_mille(4294967295u, 1) == 65535);
    return true;
}

static bool bytes_that_are_sought(void)
{
    const char *text = "K\xc3\x96LN";
    CHECK(bridge_find(text, 'L') - text == 3);
    CHECK(bridge_find(text, 'K') - text == 0);
    CHECK(bridge_find(text, 0xc3) - text == 1);
    CHECK(bridge_find(text, 0x96) - text == 2);
    CHECK(bridge_find(text, 'X') == NULL);
    CHECK(bridge_find(text, '\0') - text == 5);
    return true;
}

static const struct tap_test tests[] = {
    {"sums beyond 32 bits", sums_beyond_32_bits},
    {"sums of many loads", sums_of_many_loads},
    {"means below zero", means_below_zero},
    {"means of large sums", means_of_large_sums},
    {"check digits", check_digits},
    {"check digits of umlauts", check_digits_of_umlauts},
    {"check digits of long plates", check_digits_of_long_plates},
    {"hundreds", hundreds},
    {"hundreds that a float does not hold", hundreds_that_a_float_does_not_hold},
    {"hundreds out of range", hundreds_out_of_range},
    {"loads up to the largest", loads_up_to_the_largest},
    {"loads that are too large", loads_that_are_too_large},
    {"loads that are none", loads_that_are_none},
    {"a clock that wraps", a_clock_that_wraps},
    {"the heaviest", the_heaviest},
    {"the heaviest of nothing", the_heaviest_of_nothing},
    {"signed loads", signed_loads},
    {"per mille", per_mille},
    {"per mille of large loads", per_mille_of_large_loads},
    {"bytes that are sought", bytes_that_are_sought},
};

TAP_MAIN(tests)
