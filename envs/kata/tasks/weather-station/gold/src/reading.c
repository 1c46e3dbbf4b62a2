#include "reading.h"

#include <math.h>
#include <string.h>

#include "station.h"

double reading_dew_point(const struct reading *reading)
{
    const double a = 17.62, b = 243.12;
    double gamma = log(reading->humidity) + a * reading->celsius / (b + reading->celsius);
    return b * gamma / (a - gamma);
}

bool reading_same_station(const struct reading *a, const struct reading *b)
{
    return strcmp(a->station->name, b->station->name) == 0;
}
