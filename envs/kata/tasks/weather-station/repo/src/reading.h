/* One line of the log: what a station measured. */
#include <stdbool.h>

#include "station.h"

struct reading {
    const struct station *station;
    uint32_t minute;
    double celsius;
    double humidity; /* relative, 0 to 1 */
};

/* The dew point in degrees Celsius, by Magnus' formula. */
double reading_dew_point(const struct reading *reading);

/* Whether both were made by the same station. */
bool reading_same_station(struct reading *a, struct reading *b);
