#include "ring.h"

#include <string.h>

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void ring_init(struct ring *ring, unsigned char *memory, size_t capacity)
{
    ring->bytes = memory;
    ring->capacity = capacity;
    ring->start = 0;
    ring->length = 0;
}

size_t ring_free(const struct ring *ring)
{
    return ring->capacity - ring->length;
}

size_t ring_write(struct ring *ring, const unsigned char *from, size_t count)
{
    count = smaller(count, ring_free(ring));
    if (count == 0)
        return 0;
    size_t end = (ring->start + ring->length) % ring->capacity;
    size_t first = smaller(count, ring->capacity - ring->length);
    memcpy(ring->bytes + end, from, first);
    memcpy(ring->bytes, from + first, count - first);
    ring->length += count;
    return count;
}

size_t ring_overwrite(struct ring *ring, const unsigned char *from, size_t count)
{
    size_t room = ring_free(ring);
    size_t dropped = count > room ? ring_read(ring, NULL, count - room) : 0;
    ring_write(ring, from, count);
    return dropped;
}

size_t ring_read(struct ring *ring, unsigned char *to, size_t count)
{
    count = smaller(count, ring->length);
    if (count == 0)
        return 0;
    size_t first = smaller(count, ring->capacity - ring->start);
    if (to != NULL) {
        memcpy(to, ring->bytes + ring->start, first);
        memcpy(to + first, ring->bytes, count - first);
    }
    ring->start += count;
    if (ring->start > ring->capacity)
        ring->start -= ring->capacity;
    ring->length -= count;
    return count;
}

bool ring_peek(const struct ring *ring, size_t offset, unsigned char *byte)
{
    if (offset > ring->length)
        return false;
    *byte = ring->bytes[ring->start + offset];
    return true;
}

size_t ring_find(const struct ring *ring, unsigned char byte)
{
    unsigned char found;
    for (size_t offset = 0; ring_peek(ring, offset, &found); offset++)
        if (found == byte)
            return offset;
    return ring->length;
}
