#include "tap.h"

#include "arena.h"

#include <stdint.h>
#include <string.h>

static _Alignas(64) unsigned char memory[256];
static struct arena arena;

static bool pieces_are_aligned(void)
{
    arena_init(&arena, memory, sizeof memory);
    unsigned char *one = arena_alloc(&arena, 1, 1);
    unsigned char *two = arena_alloc(&arena, 8, 8);
    CHECK(one == memory);
    CHECK(two == memory + 8);
    return true;
}

static bool marks_give_back(void)
{
    arena_init(&arena, memory, sizeof memory);
    arena_alloc(&arena, 10, 1);
    size_t mark = arena_mark(&arena);
    void *piece = arena_alloc(&arena, 100, 4);
    arena_release(&arena, mark);
    CHECK(piece != NULL);
    CHECK(arena_alloc(&arena, 50, 4) == piece);
    return true;
}

static bool strings(void)
{
    arena_init(&arena, memory, 6);
    char *text = arena_copy(&arena, "hello");
    CHECK(text != NULL && strcmp(text, "hello") == 0);
    CHECK(arena_copy(&arena, "") == NULL);
    return true;
}

static const struct tap_test tests[] = {
    {"pieces are aligned", pieces_are_aligned},
    {"marks give back", marks_give_back},
    {"strings", strings},
};

TAP_MAIN(tests)
