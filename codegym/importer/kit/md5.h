/* MD5 (RFC 1321) with the names that OpenSSL has for it, so that no library has to be installed. */
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    uint32_t state[4];
    uint64_t length;
    unsigned char block[64];
} MD5_CTX;

static void md5_mix(MD5_CTX *c)
{
    static const int turns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    uint32_t word[16], v[4];
    for (int i = 0; i < 16; i++)
        word[i] = c->block[4 * i] | c->block[4 * i + 1] << 8 | c->block[4 * i + 2] << 16
            | (uint32_t)c->block[4 * i + 3] << 24;
    memcpy(v, c->state, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t b = v[1], x = v[2], d = v[3], f;
        int g;
        switch (i / 16) {
        case 0: f = (b & x) | (~b & d); g = i; break;
        case 1: f = (d & b) | (~d & x); g = (5 * i + 1) % 16; break;
        case 2: f = b ^ x ^ d; g = (3 * i + 5) % 16; break;
        default: f = x ^ (b | ~d); g = 7 * i % 16;
        }
        f += v[0] + (uint32_t)(int64_t)floor(fabs(sin(i + 1.0)) * 4294967296.0) + word[g];
        v[0] = d;
        v[3] = x;
        v[2] = b;
        v[1] = b + (f << turns[i / 16][i % 4] | f >> (32 - turns[i / 16][i % 4]));
    }
    for (int i = 0; i < 4; i++)
        c->state[i] += v[i];
}

static int MD5_Init(MD5_CTX *c)
{
    static const uint32_t start[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    memcpy(c->state, start, sizeof start);
    c->length = 0;
    return 1;
}

static int MD5_Update(MD5_CTX *c, const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        c->block[c->length++ % 64] = ((const unsigned char *)data)[i];
        if (c->length % 64 == 0)
            md5_mix(c);
    }
    return 1;
}

static int MD5_Final(unsigned char *digest, MD5_CTX *c)
{
    uint64_t bits = c->length * 8;
    unsigned char more = 0x80, tail[8];
    do {
        MD5_Update(c, &more, 1);
        more = 0;
    } while (c->length % 64 != 56);
    for (int i = 0; i < 8; i++)
        tail[i] = (unsigned char)(bits >> 8 * i);
    MD5_Update(c, tail, 8);
    for (int i = 0; i < 16; i++)
        digest[i] = (unsigned char)(c->state[i / 4] >> 8 * (i % 4));
    return 1;
}
