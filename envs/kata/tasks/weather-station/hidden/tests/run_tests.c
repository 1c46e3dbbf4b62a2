#include "tap.h"

/* Each header is included twice and in an odd order on purpose: each must be complete and guarded. */
#include "stats.h"
#include "reading.h"
#include "station.h"
#include "reading.h"
#include "stats.h"
#include "station.h"

#include <math.h>
#include <string.h>

unsigned other_file_total(void);
double other_file_fahrenheit(double celsius);
uint32_t other_file_minute(const struct reading *reading);

static struct station station;

static bool close_to(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

static bool stations_are_counted_once_for_all_files(void)
{
    CHECK(station_total == 0);
    station_init(&station, "Oban");
    station_init(&station, "Tiree");
    CHECK(station_total == 2 && other_file_total() == 2);
    CHECK(strcmp(station.name, "Tiree") == 0 && station.count == 0);
    return true;
}

static bool a_station_takes_48_readings(void)
{
    station_init(&station, "Oban");
    for (unsigned i = 0; i < STATION_READINGS; i++)
        CHECK(station_add(&station, i, i, 0.5));
    CHECK(!station_add(&station, 99, 9.0, 0.5));
    CHECK(station.count == 48 && station.readings[47].minute == 47);
    CHECK(station.readings[0].station == &station);
    return true;
}

static bool minutes_are_32_bits_without_a_sign(void)
{
    station_init(&station, "Oban");
    CHECK(station_add(&station, 4000000000u, 1.0, 0.5));
    CHECK(other_file_minute(&station.readings[0]) == 4000000000u);
    CHECK(sizeof station.readings[0].minute == 4);
    return true;
}

static bool fahrenheit(void)
{
    CHECK(close_to(station_fahrenheit(100.0), 212.0));
    CHECK(close_to(other_file_fahrenheit(-40.0), -40.0));
    return true;
}

static bool dew_points(void)
{
    struct reading dry = {&station, 0, 20.0, 0.5}, wet = {&station, 0, 20.0, 1.0};
    CHECK(fabs(reading_dew_point(&dry) - 9.26) < 0.01);
    CHECK(close_to(reading_dew_point(&wet), 20.0));
    return true;
}

static bool same_stations(void)
{
    static struct station other;
    char name[] = "Oban";
    station_init(&station, "Oban");
    station_init(&other, name);
    const struct reading a = {&station, 0, 1.0, 0.5}, b = {&other, 0, 1.0, 0.5};
    CHECK(reading_same_station(&a, &b));
    name[0] = 'A';
    CHECK(!reading_same_station(&a, &b));
    return true;
}

static bool statistics(void)
{
    station_init(&station, "Oban");
    station_add(&station, 0, -3.5, 0.5);
    station_add(&station, 1, 8.0, 0.5);
    station_add(&station, 2, -7.25, 0.5);
    struct stats stats = stats_of(&station);
    CHECK(stats.lowest == -7.25 && stats.highest == 8.0 && close_to(stats.mean, -2.75 / 3));
    return true;
}

static bool medians_are_exact(void)
{
    station_init(&station, "Oban");
    station_add(&station, 0, 0.3, 0.5);
    station_add(&station, 1, 0.1, 0.5);
    station_add(&station, 2, 0.7, 0.5);
    CHECK(stats_median(&station) == 0.3);
    station_add(&station, 3, 0.2, 0.5);
    CHECK(stats_median(&station) == 0.2);
    CHECK(station.readings[0].celsius == 0.3);
    return true;
}

static bool the_muggiest_reading(void)
{
    station_init(&station, "Oban");
    CHECK(stats_muggiest(&station) == NULL);
    station_add(&station, 0, 25.0, 0.3);
    station_add(&station, 1, 18.0, 0.95);
    station_add(&station, 2, 20.0, 0.5);
    CHECK(stats_muggiest(&station) == &station.readings[1]);
    return true;
}

static const struct tap_test tests[] = {
    {"stations are counted once for all files", stations_are_counted_once_for_all_files},
    {"a station takes 48 readings", a_station_takes_48_readings},
    {"minutes are 32 bits without a sign", minutes_are_32_bits_without_a_sign},
    {"fahrenheit", fahrenheit},
    {"dew points", dew_points},
    {"same stations", same_stations},
    {"statistics", statistics},
    {"medians are exact", medians_are_exact},
    {"the muggiest reading", the_muggiest_reading},
};

TAP_MAIN(tests)
