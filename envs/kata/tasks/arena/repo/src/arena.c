#include "arena.h"

void arena_init(struct arena *arena, void *memory, size_t capacity)
{
    arena->memory = memory;
    arena->capacity = capacity;
    arena->used = 0;
}

/* TODO: everything else. */

void *arena_alloc(struct arena *arena, size_t size, size_t align)
{
    (void)arena, (void)size, (void)align;
    return NULL;
}

void *arena_resize(struct arena *arena, void *piece, size_t old_size, size_t new_size, size_t align)
{
    (void)arena, (void)piece, (void)old_size, (void)new_size, (void)align;
    return NULL;
}

char *arena_copy(struct arena *arena, const char *text)
{
    (void)arena, (void)text;
    return NULL;
}

size_t arena_mark(const struct arena *arena)
{
    (void)arena;
    return 0;
}

void arena_release(struct arena *arena, size_t mark)
{
    (void)arena, (void)mark;
}
