/* A weather station and the readings it keeps. */
#ifndef STATION_H
#define STATION_H

#include <stddef.h>

#include "reading.h"

#define STATION_READINGS 48

struct station {
    const char *name;
    struct reading readings[STATION_READINGS];
    size_t count;
};

/* How many stations have been initialised since the program started. */
unsigned station_total;

/* Make `station` an empty one. The name is not copied. */
void station_init(struct station *station, const char *name);

/* Add a reading; false if the station is full. */
bool station_add(struct station *station, uint32_t minute, double celsius, double humidity);

/* Degrees Fahrenheit for degrees Celsius. */
double station_fahrenheit(double celsius)
{
    return celsius * 9.0 / 5.0 + 32.0;
}

#endif
