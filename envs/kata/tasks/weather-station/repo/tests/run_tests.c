#include "tap.h"

#include "reading.h"
#include "station.h"
#include "stats.h"

static bool a_mild_day(void)
{
    static struct station station;
    station_init(&station, "Oban");
    CHECK(station_add(&station, 0, 10.0, 0.8));
    CHECK(station_add(&station, 60, 14.0, 0.7));
    CHECK(stats_of(&station).highest == 14.0);
    CHECK(stats_median(&station) == 10.0);
    return true;
}

static const struct tap_test tests[] = {
    {"a mild day", a_mild_day},
};

TAP_MAIN(tests)
