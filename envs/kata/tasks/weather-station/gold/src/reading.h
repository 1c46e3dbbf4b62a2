/* One line of the log: what a station measured. */
#ifndef READING_H
#define READING_H

#include <stdbool.h>
#include <stdint.h>

struct station;

struct reading {
    const struct station *station;
    uint32_t minute;
    double celsius;
    double humidity; /* relative, 0 to 1 */
};

/* The dew point in degrees Celsius, by Magnus' formula. */
double reading_dew_point(const struct reading *reading);

/* Whether both were made by the same station. */
bool reading_same_station(const struct reading *a, const struct reading *b);

#endif
