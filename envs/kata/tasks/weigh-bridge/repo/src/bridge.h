/* The weigh-bridge at the harbour: loads in kilograms, plates in UTF-8, a clock that wraps. */
#ifndef BRIDGE_H
#define BRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The sum of `count` loads. */
uint64_t bridge_total(const uint32_t *loads, size_t count);

/* The mean of `count` deviations, rounded towards 0; 0 if there are none. No sum is too large for it. */
int32_t bridge_mean(const int32_t *deviations, size_t count);

/* The check digit of a plate: the sum of its bytes, each from 0 to 255, each times its place (1, 2, 3, ...), modulo 97. */
uint8_t bridge_check(const char *plate);

/* Tonnes as hundreds of kilograms, rounded to the nearest, halves away from 0. What is below 0 or not a number is 0, and
 * what is above 65535 is 65535. */
uint16_t bridge_hundreds(double tonnes);

/* Read a load: decimal digits, one at least, and nothing else. False, and *load as it was, if `text` is something else or
 * the load is above 4294967295. */
bool bridge_parse(const char *text, uint32_t *load);

/* Milliseconds from `earlier` to `later`, on a clock that goes on with 0 after 4294967295. They are less than half a round
 * apart: if `later` is in fact the earlier one, the result is negative. */
int32_t bridge_elapsed(uint32_t earlier, uint32_t later);

/* The index of the largest of `count` loads, the first one of several; `count` if there are none. */
size_t bridge_heaviest(const uint32_t *loads, size_t count);

/* Four bytes from the scale, the lowest first, as a load with a sign (two's complement). */
int32_t bridge_signed(const uint8_t bytes[4]);

/* `part` of `whole` in per mille, rounded down; 0 if `whole` is 0. Above 1000 if the part is larger, 65535 at most. */
uint16_t bridge_per_mille(uint32_t part, uint32_t whole);

/* The first byte of `text` that is `wanted`, or NULL if there is none; the 0 at the end counts as a byte. */
const char *bridge_find(const char *text, int wanted);

#endif
