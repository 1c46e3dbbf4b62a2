#include "bridge.h"

#include <math.h>
#include <string.h>

uint64_t bridge_total(const uint32_t *loads, size_t count)
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += loads[i];
    return total;
}

int32_t bridge_mean(const int32_t *deviations, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += deviations[i];
    return count ? (int32_t)(sum / (int64_t)count) : 0;
}

uint8_t bridge_check(const char *plate)
{
    uint64_t sum = 0;
    for (size_t i = 0; plate[i] != '\0'; i++)
        sum = (sum + (unsigned char)plate[i] * (i + 1)) % 97;
    return (uint8_t)sum;
}

uint16_t bridge_hundreds(double tonnes)
{
    double hundreds = round(tonnes * 10);
    if (!(hundreds > 0))
        return 0;
    return hundreds > UINT16_MAX ? UINT16_MAX : (uint16_t)hundreds;
}

bool bridge_parse(const char *text, uint32_t *load)
{
    uint64_t value = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (uint64_t)(*text - '0');
        if (value > UINT32_MAX)
            return false;
    }
    *load = (uint32_t)value;
    return true;
}

int32_t bridge_elapsed(uint32_t earlier, uint32_t later)
{
    uint32_t ahead = later - earlier;
    return ahead <= INT32_MAX ? (int32_t)ahead : -(int32_t)(earlier - later);
}

size_t bridge_heaviest(const uint32_t *loads, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (loads[i] > loads[best])
            best = i;
    return count ? best : count;
}

int32_t bridge_signed(const uint8_t bytes[4])
{
    uint32_t bits = 0;
    for (int i = 3; i >= 0; i--)
        bits = bits << 8 | bytes[i];
    return bits <= INT32_MAX ? (int32_t)bits : -(int32_t)(UINT32_MAX - bits) - 1;
}

uint16_t bridge_per_mille(uint32_t part, uint32_t whole)
{
    uint64_t share = whole ? (uint64_t)part * 1000 / whole : 0;
    return share > UINT16_MAX ? UINT16_MAX : (uint16_t)share;
}

const char *bridge_find(const char *text, int wanted)
{
    const char byte = (char)wanted;
    while (*text != byte) {
        if (*text == '\0')
            return NULL;
        text++;
    }
    return text;
}
