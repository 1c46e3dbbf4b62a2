#include "tap.h"

#include "utf8.h"

#include <string.h>

#define R UTF8_REPLACEMENT

/* Decode all of a text, and say what came out and how many bytes each took. */
static bool gives(const char *bytes, size_t length, size_t count, const uint32_t *characters, const size_t *taken)
{
    const unsigned char *text = (const unsigned char *)bytes;
    size_t at = 0, replaced = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t character = 0xDEADBEEF;
        CHECK(at < length);
        size_t step = utf8_decode(text + at, length - at, &character);
        CHECK(character == characters[i]);
        CHECK(step == taken[i]);
        at += step;
        replaced += character == R;
    }
    CHECK(at == length);
    CHECK(utf8_count(text, length) == count);
    CHECK(utf8_valid(text, length) == (replaced == 0));
    return true;
}

#define GIVES(text, count, ...) CHECK(gives(text, sizeof(text) - 1, count, __VA_ARGS__))
#define CHARS(...) (const uint32_t[]){__VA_ARGS__}
#define STEPS(...) (const size_t[]){__VA_ARGS__}

static bool ascii_stays_ascii(void)
{
    GIVES("a\0\x7F", 3, CHARS('a', 0, 0x7F), STEPS(1, 1, 1));
    return true;
}

static bool every_length(void)
{
    GIVES("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z", 4, CHARS(0xE9, 0x20AC, 0x1F600, 'z'), STEPS(2, 3, 4, 1));
    return true;
}

static bool first_and_last_of_each_length(void)
{
    GIVES("\xC2\x80\xDF\xBF", 2, CHARS(0x80, 0x7FF), STEPS(2, 2));
    GIVES("\xE0\xA0\x80\xEF\xBF\xBF", 2, CHARS(0x800, 0xFFFF), STEPS(3, 3));
    GIVES("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 2, CHARS(0x10000, 0x10FFFF), STEPS(4, 4));
    GIVES("\xED\x9F\xBF\xEE\x80\x80", 2, CHARS(0xD7FF, 0xE000), STEPS(3, 3));
    return true;
}

static bool overlong_forms_are_refused(void)
{
    GIVES("\xC0\xAF", 2, CHARS(R, R), STEPS(1, 1));
    GIVES("\xC1\xBF", 2, CHARS(R, R), STEPS(1, 1));
    GIVES("\xE0\x80\xAF", 3, CHARS(R, R, R), STEPS(1, 1, 1));
    GIVES("\xE0\x9F\xBF", 3, CHARS(R, R, R), STEPS(1, 1, 1));
    GIVES("\xF0\x80\x80\xAF", 4, CHARS(R, R, R, R), STEPS(1, 1, 1, 1));
    GIVES("\xF0\x8F\xBF\xBF", 4, CHARS(R, R, R, R), STEPS(1, 1, 1, 1));
    return true;
}

static bool surrogates_are_refused(void)
{
    GIVES("\xED\xA0\x80", 3, CHARS(R, R, R), STEPS(1, 1, 1));
    GIVES("\xED\xBF\xBF\x41", 4, CHARS(R, R, R, 'A'), STEPS(1, 1, 1, 1));
    return true;
}

static bool beyond_unicode_is_refused(void)
{
    GIVES("\xF4\x90\x80\x80", 4, CHARS(R, R, R, R), STEPS(1, 1, 1, 1));
    GIVES("\xF5\x80\x80\x80\xFE\xFF", 6, CHARS(R, R, R, R, R, R), STEPS(1, 1, 1, 1, 1, 1));
    return true;
}

static bool stray_continuations(void)
{
    GIVES("\x80" "a\xBF\xBF", 4, CHARS(R, 'a', R, R), STEPS(1, 1, 1, 1));
    return true;
}

static bool broken_sequences_take_what_was_right(void)
{
    /* The example of the Unicode standard, table 3-11. */
    GIVES("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", 5, CHARS(R, R, R, R, 'A'), STEPS(2, 1, 3, 2, 1));
    GIVES("\xC3(", 2, CHARS(R, '('), STEPS(1, 1));
    GIVES("\xF0\x9F\x98\xF0\x9F\x98\x80", 2, CHARS(R, 0x1F600), STEPS(3, 4));
    return true;
}

static bool nothing_behind_the_end_is_read(void)
{
    /* What stands behind the end would complete each sequence. */
    static const char whole[] = "\xF0\x9F\x98\x80";
    CHECK(gives(whole, 1, 1, CHARS(R), STEPS(1)));
    CHECK(gives(whole, 2, 1, CHARS(R), STEPS(2)));
    CHECK(gives(whole, 3, 1, CHARS(R), STEPS(3)));
    CHECK(gives("\xC3\xA9", 1, 1, CHARS(R), STEPS(1)));
    CHECK(gives("\xE2\x82\xAC", 2, 1, CHARS(R), STEPS(2)));
    return true;
}

static bool nothing_in_nothing_out(void)
{
    uint32_t character = 77;
    CHECK(utf8_decode((const unsigned char *)"a", 0, &character) == 0);
    CHECK(character == 77);
    CHECK(utf8_valid((const unsigned char *)"\xFF", 0));
    CHECK(utf8_count((const unsigned char *)"a", 0) == 0);
    return true;
}

static bool a_real_replacement_character_is_valid(void)
{
    const unsigned char *text = (const unsigned char *)"\xEF\xBF\xBD";
    uint32_t character = 0;
    CHECK(utf8_decode(text, 3, &character) == 3 && character == R);
    CHECK(utf8_valid(text, 3));
    CHECK(utf8_count(text, 3) == 1);
    return true;
}

static bool every_character_survives(void)
{
    for (uint32_t character = 0; character <= 0x10FFFF; character++) {
        unsigned char out[5] = {1, 1, 1, 1, 1};
        uint32_t back = 0;
        size_t length = utf8_encode(character, out);
        bool surrogate = character >= 0xD800 && character <= 0xDFFF;
        CHECK((length == 0) == surrogate);
        if (surrogate)
            continue;
        CHECK(out[length] == 1);
        CHECK(utf8_decode(out, length, &back) == length && back == character);
    }
    return true;
}

static bool what_can_not_be_encoded(void)
{
    unsigned char out[4] = {9, 9, 9, 9};
    CHECK(utf8_encode(0x110000, out) == 0);
    CHECK(utf8_encode(0xFFFFFFFF, out) == 0);
    CHECK(utf8_encode(0xD800, out) == 0);
    CHECK(out[0] == 9 && out[3] == 9);
    return true;
}

static bool encoded_bytes(void)
{
    unsigned char out[4];
    CHECK(utf8_encode(0x7F, out) == 1 && out[0] == 0x7F);
    CHECK(utf8_encode(0x7FF, out) == 2 && memcmp(out, "\xDF\xBF", 2) == 0);
    CHECK(utf8_encode(0x800, out) == 3 && memcmp(out, "\xE0\xA0\x80", 3) == 0);
    CHECK(utf8_encode(0x10FFFF, out) == 4 && memcmp(out, "\xF4\x8F\xBF\xBF", 4) == 0);
    return true;
}

static const struct tap_test tests[] = {
    {"ascii stays ascii", ascii_stays_ascii},
    {"every length", every_length},
    {"first and last of each length", first_and_last_of_each_length},
    {"overlong forms are refused", overlong_forms_are_refused},
    {"surrogates are refused", surrogates_are_refused},
    {"beyond unicode is refused", beyond_unicode_is_refused},
    {"stray continuations", stray_continuations},
    {"broken sequences take what was right", broken_sequences_take_what_was_right},
    {"nothing behind the end is read", nothing_behind_the_end_is_read},
    {"nothing in nothing out", nothing_in_nothing_out},
    {"a real replacement character is valid", a_real_replacement_character_is_valid},
    {"every character survives", every_character_survives},
    {"what can not be encoded", what_can_not_be_encoded},
    {"encoded bytes", encoded_bytes},
};

TAP_MAIN(tests)
