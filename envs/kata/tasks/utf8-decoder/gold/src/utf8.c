#include "utf8.h"

/* What may follow a first byte, after table 3-7 of the Unicode standard: how long the sequence is, and the range
   of its second byte. All later bytes are 80..BF. */
struct lead {
    size_t length;
    unsigned char low, high;
};

static struct lead lead_of(unsigned char byte)
{
    if (byte < 0x80)
        return (struct lead){1, 0, 0};
    if (byte >= 0xC2 && byte <= 0xDF)
        return (struct lead){2, 0x80, 0xBF};
    if (byte >= 0xE0 && byte <= 0xEF)
        return (struct lead){3, byte == 0xE0 ? 0xA0 : 0x80, byte == 0xED ? 0x9F : 0xBF};
    if (byte >= 0xF0 && byte <= 0xF4)
        return (struct lead){4, byte == 0xF0 ? 0x90 : 0x80, byte == 0xF4 ? 0x8F : 0xBF};
    return (struct lead){0, 0, 0};
}

/* Decode one character of a text that is not empty; *ok says whether it was well-formed. */
static size_t decode(const unsigned char *text, size_t length, uint32_t *character, bool *ok)
{
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    struct lead lead = lead_of(text[0]);
    uint32_t value = text[0] & masks[lead.length];
    size_t taken = 1;
    while (taken < lead.length && taken < length) {
        unsigned char low = taken == 1 ? lead.low : 0x80, high = taken == 1 ? lead.high : 0xBF;
        if (text[taken] < low || text[taken] > high)
            break;
        value = value << 6 | (text[taken] & 0x3F);
        taken++;
    }
    *ok = taken == lead.length;
    *character = *ok ? value : UTF8_REPLACEMENT;
    return taken;
}

size_t utf8_decode(const unsigned char *text, size_t length, uint32_t *character)
{
    bool ok;
    return length == 0 ? 0 : decode(text, length, character, &ok);
}

bool utf8_valid(const unsigned char *text, size_t length)
{
    uint32_t character;
    bool ok = true;
    for (size_t at = 0; ok && at < length;)
        at += decode(text + at, length - at, &character, &ok);
    return ok;
}

size_t utf8_count(const unsigned char *text, size_t length)
{
    uint32_t character;
    size_t count = 0;
    for (size_t at = 0; at < length; count++)
        at += utf8_decode(text + at, length - at, &character);
    return count;
}

size_t utf8_encode(uint32_t character, unsigned char out[4])
{
    static const unsigned char marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    if ((character >= 0xD800 && character <= 0xDFFF) || character > 0x10FFFF)
        return 0;
    size_t length = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (size_t i = length; i-- > 1; character >>= 6)
        out[i] = (unsigned char)(0x80 | (character & 0x3F));
    out[0] = (unsigned char)(marks[length] | character);
    return length;
}
