#include "bridge.h"

#include <math.h>
#include <string.h>

uint64_t bridge_total(const uint32_t *loads, size_t count)
{
    int total = 0;
    for (int i = 0; i < count; i++)
        total += loads[i];
    return total;
}

int32_t bridge_mean(const int32_t *deviations, size_t count)
{
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += deviations[i];
    return count ? sum / count : 0;
}

uint8_t bridge_check(const char *plate)
{
    uint8_t sum = 0;
    for (int place = 0; place < strlen(plate); place++)
        sum = (sum + plate[place] * (place + 1)) % 97;
    return sum;
}

uint16_t bridge_hundreds(double tonnes)
{
    float hundreds = tonnes * 10;
    if (hundreds < 0)
        return 0;
    return hundreds + 0.5;
}

bool bridge_parse(const char *text, uint32_t *load)
{
    uint32_t value = 0;
    if (*text == '\0')
        return false;
    for (; *text; text++) {
        unsigned digit = *text - '0';
        if (digit > 9)
            return false;
        value = value * 10 + digit;
        if (value > UINT32_MAX)
            return false;
    }
    *load = value;
    return true;
}

int32_t bridge_elapsed(uint32_t earlier, uint32_t later)
{
    int64_t elapsed = later - earlier;
    return elapsed;
}

size_t bridge_heaviest(const uint32_t *loads, size_t count)
{
    int32_t most = -1;
    int best = count;
    for (int i = 0; i < count; i++)
        if (loads[i] > most) {
            int32_t most = loads[i];
            best = i;
        }
    return best;
}

int32_t bridge_signed(const uint8_t bytes[4])
{
    int16_t high = bytes[2] | bytes[3] << 8;
    int16_t low = bytes[0] | bytes[1] << 8;
    return high * 65536 + low;
}

uint16_t bridge_per_mille(uint32_t part, uint32_t whole)
{
    float share = whole ? part / (float)whole : 0;
    if (share == 1.0)
        return 1000;
    return share * 1000;
}

const char *bridge_find(const char *text, int wanted)
{
    char *place = (char *)text;
    char byte = wanted;
    while (*place != byte && *place)
        place++;
    return *place ? place : NULL;
}
