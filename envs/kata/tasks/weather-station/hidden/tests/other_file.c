/* A second file of the program, as a real one would have. */
#include "reading.h"
#include "station.h"

unsigned other_file_total(void);
double other_file_fahrenheit(double celsius);
uint32_t other_file_minute(const struct reading *reading);

unsigned other_file_total(void)
{
    return station_total;
}

double other_file_fahrenheit(double celsius)
{
    return station_fahrenheit(celsius);
}

uint32_t other_file_minute(const struct reading *reading)
{
    return reading->minute;
}
