#include "station.h"

unsigned station_total = 0;

void station_init(struct station *station, const char *name)
{
    station->name = name;
    station->count = 0;
    station_total++;
}

bool station_add(struct station *station, int minute, double celsius, double humidity)
{
    if (station->count == STATION_READINGS)
        return false;
    station->readings[station->count++] = (struct reading){station, minute, celsius, humidity};
    return true;
}
