#include "stats.h"

#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct stats stats_of(const struct station *station)
{
    double first = station->readings[0].celsius;
    struct stats stats = {first, first, 0.0};
    for (size_t i = 0; i < station->count; i++) {
        double celsius = station->readings[i].celsius;
        if (celsius < stats.lowest)
            stats.lowest = celsius;
        if (celsius > stats.highest)
            stats.highest = celsius;
        stats.mean += celsius / (double)station->count;
    }
    return stats;
}

double stats_median(const struct station *station)
{
    double sorted[STATION_READINGS];
    for (size_t i = 0; i < station->count; i++)
        sorted[i] = station->readings[i].celsius;
    qsort(sorted, station->count, sizeof sorted[0], by_size);
    return sorted[(station->count - 1) / 2];
}

const struct reading *stats_muggiest(const struct station *station)
{
    const struct reading *muggiest = NULL;
    for (size_t i = 0; i < station->count; i++) {
        const struct reading *reading = &station->readings[i];
        if (muggiest == NULL || reading_dew_point(reading) > reading_dew_point(muggiest))
            muggiest = reading;
    }
    return muggiest;
}
