#include "tap.h"

#include "bitboard.h"

static uint64_t state;

static uint64_t next_board(void)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return state ^ state >> 29;
}

static bool has(uint64_t board, int file, int rank)
{
    return file >= 0 && file < 8 && rank >= 0 && rank < 8 && (board >> (8 * rank + file) & 1);
}

/* Some boards of each kind: empty, full, single squares, sparse, dense. */
static uint64_t sample(int number)
{
    if (number < 64)
        return 1ull << number;
    if (number < 66)
        return number == 64 ? 0 : ~0ull;
    uint64_t board = next_board();
    return number % 3 == 0 ? board & next_board() : number % 3 == 1 ? board | next_board() : board;
}

static bool counts(void)
{
    for (int number = 0; number < 300; number++) {
        uint64_t board = sample(number);
        int count = 0;
        for (int square = 0; square < 64; square++)
            count += (int)(board >> square & 1);
        CHECK(board_count(board) == count);
    }
    return true;
}

static bool first_squares(void)
{
    CHECK(board_first(0) == 64);
    CHECK(board_first(~0ull) == 0);
    for (int square = 0; square < 64; square++) {
        CHECK(board_first(1ull << square) == square);
        CHECK(board_first(~0ull << square) == square);
        CHECK(board_first(1ull << square | 1ull << 63) == square);
    }
    return true;
}

static bool flips(void)
{
    CHECK(board_flip(1ull << 15) == 1ull << 55);
    for (int number = 0; number < 300; number++) {
        uint64_t board = sample(number), other = board_flip(board);
        for (int rank = 0; rank < 8; rank++)
            for (int file = 0; file < 8; file++)
                CHECK(has(other, file, 7 - rank) == has(board, file, rank));
    }
    return true;
}

static bool mirrors(void)
{
    CHECK(board_mirror(1ull << 57) == 1ull << 62);
    for (int number = 0; number < 300; number++) {
        uint64_t board = sample(number), other = board_mirror(board);
        for (int rank = 0; rank < 8; rank++)
            for (int file = 0; file < 8; file++)
                CHECK(has(other, 7 - file, rank) == has(board, file, rank));
    }
    return true;
}

static bool turns(void)
{
    CHECK(board_turn(1ull << 1) == 1ull << 48);
    for (int number = 0; number < 300; number++) {
        uint64_t board = sample(number), other = board_turn(board);
        for (int rank = 0; rank < 8; rank++)
            for (int file = 0; file < 8; file++)
                CHECK(has(other, rank, 7 - file) == has(board, file, rank));
        CHECK(board_turn(board_turn(board_turn(other))) == board);
    }
    return true;
}

static bool kings(void)
{
    CHECK(board_king(0) == 0);
    CHECK(board_king(1ull << 31) == (1ull << 30 | 1ull << 22 | 1ull << 23 | 1ull << 38 | 1ull << 39));
    for (int number = 0; number < 300; number++) {
        uint64_t board = sample(number), attacked = board_king(board);
        for (int rank = 0; rank < 8; rank++)
            for (int file = 0; file < 8; file++) {
                bool near = false;
                for (int step = 0; step < 9; step++)
                    near |= step != 4 && has(board, file + step % 3 - 1, rank + step / 3 - 1);
                CHECK(has(attacked, file, rank) == near);
            }
    }
    return true;
}

static bool rooks(void)
{
    static const int steps[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
    for (int number = 0; number < 200; number++) {
        uint64_t occupied = number < 100 ? sample(number) : next_board() & next_board();
        for (int square = 0; square < 64; square++) {
            uint64_t expected = 0;
            for (int way = 0; way < 4; way++)
                for (int distance = 1; distance < 8; distance++) {
                    int file = square % 8 + distance * steps[way][0], rank = square / 8 + distance * steps[way][1];
                    if (!has(~0ull, file, rank))
                        break;
                    expected |= 1ull << (8 * rank + file);
                    if (has(occupied, file, rank))
                        break;
                }
            CHECK(board_rook(square, occupied) == expected);
        }
    }
    return true;
}

static bool subsets(void)
{
    static const uint64_t masks[] = {0, 1, 0x8000000000000000ull, 0x8100000000000081ull, 0x00F0A00000000500ull};
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        uint64_t mask = masks[i], subset = 0;
        uint64_t total = 1;
        for (int square = 0; square < 64; square++)
            total <<= mask >> square & 1;
        for (uint64_t seen = 1; seen < total; seen++) {
            uint64_t next = board_next_subset(subset, mask);
            CHECK(next > subset && (next & ~mask) == 0);
            subset = next;
        }
        CHECK(subset == mask);
        CHECK(board_next_subset(subset, mask) == 0);
    }
    return true;
}

static bool subsets_of_the_whole_board(void)
{
    CHECK(board_next_subset(41, ~0ull) == 42);
    CHECK(board_next_subset(~0ull - 1, ~0ull) == ~0ull);
    CHECK(board_next_subset(~0ull, ~0ull) == 0);
    return true;
}

static const struct tap_test tests[] = {
    {"counts", counts},
    {"first squares", first_squares},
    {"flips", flips},
    {"mirrors", mirrors},
    {"turns", turns},
    {"kings", kings},
    {"rooks", rooks},
    {"subsets", subsets},
    {"subsets of the whole board", subsets_of_the_whole_board},
};

TAP_MAIN(tests)
