#include "tap.h"

#include "bridge.h"

static bool a_quiet_morning(void)
{
    const uint32_t loads[] = {1200, 38000, 900};
    CHECK(bridge_total(loads, 3) == 40100);
    CHECK(bridge_heaviest(loads, 3) == 1);
    CHECK(bridge_check("HH 7") == 47);
    CHECK(bridge_per_mille(1, 8) == 125);
    return true;
}

static bool deviations(void)
{
    const int32_t low[] = {-10, 4, -9};
    CHECK(bridge_mean(low, 3) == -5);
    return true;
}

static bool loads_are_read(void)
{
    uint32_t load = 7;
    CHECK(bridge_parse("40100", &load) && load == 40100);
    CHECK(!bridge_parse("99999999999", &load) && load == 40100);
    return true;
}

static const struct tap_test tests[] = {
    {"a quiet morning", a_quiet_morning},
    {"deviations", deviations},
    {"loads are read", loads_are_read},
};

TAP_MAIN(tests)
