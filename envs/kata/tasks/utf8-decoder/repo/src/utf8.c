#include "utf8.h"

size_t utf8_decode(const unsigned char *text, size_t length, uint32_t *character)
{
    /* ASCII is the easy part. */
    if (length == 0)
        return 0;
    *character = text[0] < 0x80 ? text[0] : UTF8_REPLACEMENT;
    return 1;
}

bool utf8_valid(const unsigned char *text, size_t length)
{
    (void)text;
    return length == 0;
}

size_t utf8_count(const unsigned char *text, size_t length)
{
    (void)text;
    return length;
}

size_t utf8_encode(uint32_t character, unsigned char out[4])
{
    if (character >= 0x80)
        return 0;
    out[0] = (unsigned char)character;
    return 1;
}
