#include "tap.h"

#include "arena.h"

#include <stdint.h>
#include <string.h>

#define GUARD 0x5A

static _Alignas(128) unsigned char memory[1024];
static struct arena arena;

static unsigned char *start(size_t offset, size_t capacity)
{
    memset(memory, GUARD, sizeof memory);
    arena_init(&arena, memory + offset, capacity);
    return memory + offset;
}

static bool all(const unsigned char *bytes, size_t count, unsigned char value)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

static bool a_new_arena_is_empty(void)
{
    unsigned char *base = start(3, 100);
    CHECK(arena.memory == base && arena.capacity == 100 && arena.used == 0);
    CHECK(all(memory, sizeof memory, GUARD));
    return true;
}

static bool pieces_follow_each_other(void)
{
    unsigned char *base = start(0, 100);
    CHECK(arena_alloc(&arena, 3, 1) == base);
    CHECK(arena_alloc(&arena, 5, 4) == base + 4);
    CHECK(arena_alloc(&arena, 1, 2) == base + 10);
    CHECK(arena_alloc(&arena, 16, 16) == base + 16);
    CHECK(arena.used == 32);
    return true;
}

static bool addresses_are_aligned_not_offsets(void)
{
    for (size_t offset = 0; offset < 64; offset++)
        for (size_t align = 1; align <= 128; align *= 2) {
            unsigned char *base = start(offset, 500);
            arena_alloc(&arena, 1, 1);
            unsigned char *piece = arena_alloc(&arena, 9, align);
            CHECK(piece != NULL);
            CHECK((uintptr_t)piece % align == 0);
            CHECK(piece > base && (size_t)(piece - base) <= align);
        }
    return true;
}

static bool pieces_are_zero_and_guards_are_not(void)
{
    unsigned char *base = start(1, 40);
    unsigned char *piece = arena_alloc(&arena, 24, 8);
    CHECK(piece == base + 7);
    CHECK(all(piece, 24, 0));
    CHECK(all(piece + 24, sizeof memory - 32, GUARD));
    size_t mark = arena_mark(&arena);
    memset(arena_alloc(&arena, 9, 1), 7, 9);
    arena_release(&arena, mark);
    CHECK(all(arena_alloc(&arena, 9, 1), 9, 0));
    CHECK(memory[41] == GUARD);
    return true;
}

static bool the_last_byte_can_be_used(void)
{
    start(0, 10);
    CHECK(arena_alloc(&arena, 11, 1) == NULL);
    CHECK(arena_alloc(&arena, 10, 1) != NULL);
    CHECK(arena_alloc(&arena, 1, 1) == NULL);
    CHECK(arena.used == 10);
    return true;
}

static bool padding_counts(void)
{
    start(0, 16);
    CHECK(arena_alloc(&arena, 1, 1) != NULL);
    CHECK(arena_alloc(&arena, 9, 8) == NULL);
    CHECK(arena_alloc(&arena, 1, 64) == NULL);
    CHECK(arena.used == 1);
    CHECK(arena_alloc(&arena, 8, 8) != NULL);
    return true;
}

static bool absurd_sizes_do_not_wrap_around(void)
{
    start(0, 100);
    arena_alloc(&arena, 10, 1);
    CHECK(arena_alloc(&arena, SIZE_MAX, 1) == NULL);
    CHECK(arena_alloc(&arena, SIZE_MAX - 5, 8) == NULL);
    CHECK(arena_alloc(&arena, SIZE_MAX - 9, 1) == NULL);
    unsigned char *piece = arena_alloc(&arena, 4, 1);
    CHECK(arena_resize(&arena, piece, 4, SIZE_MAX - 2, 1) == NULL);
    CHECK(arena_resize(&arena, arena.memory, 10, SIZE_MAX - 2, 1) == NULL);
    CHECK(arena.used == 14);
    return true;
}

static bool what_is_refused(void)
{
    start(0, 100);
    CHECK(arena_alloc(&arena, 0, 1) == NULL);
    CHECK(arena_alloc(&arena, 4, 0) == NULL);
    CHECK(arena_alloc(&arena, 4, 3) == NULL);
    CHECK(arena_alloc(&arena, 4, 12) == NULL);
    CHECK(arena.used == 0);
    CHECK(all(memory, sizeof memory, GUARD));
    return true;
}

static bool the_latest_piece_grows_in_place(void)
{
    start(0, 64);
    arena_alloc(&arena, 8, 8);
    unsigned char *piece = arena_alloc(&arena, 4, 4);
    memcpy(piece, "abcd", 4);
    CHECK(arena_resize(&arena, piece, 4, 56, 4) == piece);
    CHECK(memcmp(piece, "abcd", 4) == 0 && all(piece + 4, 52, 0));
    CHECK(arena.used == 64);
    CHECK(arena_resize(&arena, piece, 56, 57, 4) == NULL);
    CHECK(arena.used == 64 && memcmp(piece, "abcd", 4) == 0);
    return true;
}

static bool the_latest_piece_shrinks_and_frees(void)
{
    start(0, 64);
    unsigned char *piece = arena_alloc(&arena, 40, 1);
    memset(piece, 9, 40);
    CHECK(arena_resize(&arena, piece, 40, 10, 1) == piece);
    CHECK(arena.used == 10);
    CHECK(arena_resize(&arena, piece, 10, 20, 1) == piece);
    CHECK(all(piece, 10, 9) && all(piece + 10, 10, 0));
    CHECK(arena_resize(&arena, piece, 20, 0, 1) == NULL);
    CHECK(arena.used == 20);
    return true;
}

static bool older_pieces_move_to_grow(void)
{
    unsigned char *base = start(0, 64);
    unsigned char *piece = arena_alloc(&arena, 6, 2);
    memcpy(piece, "abcdef", 6);
    arena_alloc(&arena, 1, 1);
    CHECK(arena_resize(&arena, piece, 6, 3, 2) == piece);
    CHECK(arena.used == 7);
    unsigned char *moved = arena_resize(&arena, piece, 6, 12, 8);
    CHECK(moved == base + 8);
    CHECK(memcmp(moved, "abcdef", 6) == 0 && all(moved + 6, 6, 0));
    CHECK(memcmp(piece, "abcdef", 6) == 0);
    CHECK(arena_resize(&arena, piece, 6, 60, 2) == NULL);
    CHECK(arena.used == 20);
    return true;
}

static bool resizing_nothing_is_allocating(void)
{
    unsigned char *base = start(1, 64);
    CHECK(arena_resize(&arena, NULL, 0, 4, 8) == base + 7);
    CHECK(arena_resize(&arena, NULL, 0, 0, 8) == NULL);
    return true;
}

static bool strings_are_packed(void)
{
    unsigned char *base = start(5, 12);
    char *one = arena_copy(&arena, "ab"), *two = arena_copy(&arena, ""), *three = arena_copy(&arena, "tide");
    CHECK((unsigned char *)one == base && (unsigned char *)two == base + 3 && (unsigned char *)three == base + 4);
    CHECK(strcmp(one, "ab") == 0 && strcmp(two, "") == 0 && strcmp(three, "tide") == 0);
    CHECK(arena_copy(&arena, "abc") == NULL);
    CHECK(arena_copy(&arena, "xy") != NULL);
    CHECK(memory[17] == GUARD);
    return true;
}

static bool marks_nest(void)
{
    start(0, 64);
    size_t outer = arena_mark(&arena);
    arena_alloc(&arena, 5, 1);
    size_t inner = arena_mark(&arena);
    void *piece = arena_alloc(&arena, 20, 4);
    arena_release(&arena, inner);
    CHECK(arena_alloc(&arena, 20, 4) == piece);
    arena_release(&arena, outer);
    CHECK(arena.used == 0);
    CHECK(arena_alloc(&arena, 64, 1) == memory);
    return true;
}

static const struct tap_test tests[] = {
    {"a new arena is empty", a_new_arena_is_empty},
    {"pieces follow each other", pieces_follow_each_other},
    {"addresses are aligned, not offsets", addresses_are_aligned_not_offsets},
    {"pieces are zero and guards are not", pieces_are_zero_and_guards_are_not},
    {"the last byte can be used", the_last_byte_can_be_used},
    {"padding counts", padding_counts},
    {"absurd sizes do not wrap around", absurd_sizes_do_not_wrap_around},
    {"what is refused", what_is_refused},
    {"the latest piece grows in place", the_latest_piece_grows_in_place},
    {"the latest piece shrinks and frees", the_latest_piece_shrinks_and_frees},
    {"older pieces move to grow", older_pieces_move_to_grow},
    {"resizing nothing is allocating", resizing_nothing_is_allocating},
    {"strings are packed", strings_are_packed},
    {"marks nest", marks_nest},
};

TAP_MAIN(tests)
