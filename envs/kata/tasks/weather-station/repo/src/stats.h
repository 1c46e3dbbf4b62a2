/* What a station's readings amount to. */
#ifndef STATION_H
#define STATION_H

#include "station.h"

struct stats {
    double lowest, highest, mean;
};

/* Summarise the temperatures of a station that has at least one reading. */
struct stats stats_of(const struct station *station);

/* The temperature in the middle when the readings are sorted (the lower one of two). The station is not changed. */
float stats_median(const struct station *station);

/* The reading with the highest dew point, or NULL if there are no readings. */
const struct reading *stats_muggiest(const struct station *station);

#endif
