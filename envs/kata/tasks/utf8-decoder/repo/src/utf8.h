/* Strict UTF-8, for text that comes from strangers. */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_REPLACEMENT 0xFFFDu

/* Decode one character at the start of the `length` bytes of `text` and return how many bytes it took.

   If the bytes there are not well-formed, *character is UTF8_REPLACEMENT and the bytes taken are the longest
   prefix of some well-formed sequence that stands there, but at least one. Nothing at or after text + length is
   ever read. If `length` is 0, the result is 0 and *character is left alone. */
size_t utf8_decode(const unsigned char *text, size_t length, uint32_t *character);

/* Whether all of the text is well-formed. */
bool utf8_valid(const unsigned char *text, size_t length);

/* How many characters repeated decoding gives, replacements included. */
size_t utf8_count(const unsigned char *text, size_t length);

/* Write `character` to `out` and return how many bytes that took (1 to 4); 0, and nothing written, if it is not
   a character that UTF-8 can express. */
size_t utf8_encode(uint32_t character, unsigned char out[4]);

#endif
