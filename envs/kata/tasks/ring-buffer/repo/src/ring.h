/* A ring of bytes between an interrupt handler that writes and a program that reads. */
#ifndef RING_H
#define RING_H

#include <stdbool.h>
#include <stddef.h>

struct ring {
    unsigned char *bytes; /* the caller's memory */
    size_t capacity;      /* how many bytes fit; all of them can be used */
    size_t start;         /* index of the oldest byte */
    size_t length;        /* how many bytes are held */
};

/* Use `capacity` bytes of `memory`; the ring is empty. A capacity of 0 is allowed: nothing ever fits. */
void ring_init(struct ring *ring, unsigned char *memory, size_t capacity);

/* How many more bytes fit. */
size_t ring_free(const struct ring *ring);

/* Append as many of the `count` bytes as fit, from the first on; return how many that were. */
size_t ring_write(struct ring *ring, const unsigned char *from, size_t count);

/* Append all `count` bytes, dropping the oldest bytes (of the ring, and then of `from`) where there is no room.
   Return how many bytes were dropped. */
size_t ring_overwrite(struct ring *ring, const unsigned char *from, size_t count);

/* Take out up to `count` of the oldest bytes, in order; return how many that were. `to` may be NULL: the bytes
   are thrown away. */
size_t ring_read(struct ring *ring, unsigned char *to, size_t count);

/* Look at the byte that `offset` bytes are in front of, 0 being the oldest; false if there is none. */
bool ring_peek(const struct ring *ring, size_t offset, unsigned char *byte);

/* Return the offset of the first byte that equals `byte`, or the ring's length if there is none. */
size_t ring_find(const struct ring *ring, unsigned char byte);

#endif
