#include "arena.h"

#include <stdint.h>
#include <string.h>

void arena_init(struct arena *arena, void *memory, size_t capacity)
{
    arena->memory = memory;
    arena->capacity = capacity;
    arena->used = 0;
}

void *arena_alloc(struct arena *arena, size_t size, size_t align)
{
    if (size == 0 || align == 0 || (align & (align - 1)) != 0)
        return NULL;
    uintptr_t next = (uintptr_t)arena->memory + arena->used;
    size_t padding = (size_t)(-next & (align - 1));
    size_t room = arena->capacity - arena->used;
    if (padding > room || size > room - padding)
        return NULL;
    unsigned char *piece = arena->memory + arena->used + padding;
    arena->used += padding + size;
    return memset(piece, 0, size);
}

void *arena_resize(struct arena *arena, void *piece, size_t old_size, size_t new_size, size_t align)
{
    if (piece == NULL)
        return arena_alloc(arena, new_size, align);
    if (new_size == 0)
        return NULL;
    size_t start = (size_t)((unsigned char *)piece - arena->memory);
    if (start + old_size == arena->used) {
        if (new_size > arena->capacity - start)
            return NULL;
        if (new_size > old_size)
            memset((unsigned char *)piece + old_size, 0, new_size - old_size);
        arena->used = start + new_size;
        return piece;
    }
    if (new_size <= old_size)
        return piece;
    void *copy = arena_alloc(arena, new_size, align);
    return copy == NULL ? NULL : memcpy(copy, piece, old_size);
}

char *arena_copy(struct arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = arena_alloc(arena, size, 1);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

size_t arena_mark(const struct arena *arena)
{
    return arena->used;
}

void arena_release(struct arena *arena, size_t mark)
{
    arena->used = mark;
}
