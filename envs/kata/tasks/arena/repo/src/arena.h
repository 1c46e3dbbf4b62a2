/* An arena: memory that is handed out piece by piece and given back all at once. */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

struct arena {
    unsigned char *memory; /* the caller's, may have any alignment */
    size_t capacity;
    size_t used; /* bytes from the start of memory up to the end of the latest piece */
};

/* Use `capacity` bytes of `memory`; nothing is handed out yet. */
void arena_init(struct arena *arena, void *memory, size_t capacity);

/* Return `size` bytes whose address is a multiple of `align`, all of them zero, at the lowest such address that
   is not in use. NULL, and the arena unchanged, if they do not fit, if `size` is 0, or if `align` is not a power
   of two. */
void *arena_alloc(struct arena *arena, size_t size, size_t align);

/* Return a piece of `new_size` bytes that begins with what `piece` (of `old_size` bytes) holds.

   The latest piece that was handed out grows or shrinks where it is. Any other piece shrinks where it is, which
   frees nothing, and grows by becoming a new piece with the same `align`. Bytes beyond `old_size` are zero. If
   `piece` is NULL this is arena_alloc. NULL, and both arena and piece unchanged, if it does not fit or `new_size`
   is 0. */
void *arena_resize(struct arena *arena, void *piece, size_t old_size, size_t new_size, size_t align);

/* Copy the string `text` into the arena, or return NULL if it does not fit. */
char *arena_copy(struct arena *arena, const char *text);

/* Remember how much is in use, ... */
size_t arena_mark(const struct arena *arena);

/* ... and give back all that was handed out since then. Marks from after that point are void. */
void arena_release(struct arena *arena, size_t mark);

#endif
