#include "tap.h"

#include "bitboard.h"

static bool counting(void)
{
    CHECK(board_count(0) == 0);
    CHECK(board_count(0xFF00ull) == 8);
    return true;
}

static bool corners_turn(void)
{
    CHECK(board_turn(1ull << 0) == 1ull << 56);
    CHECK(board_turn(1ull << 56) == 1ull << 63);
    return true;
}

static bool a_king_in_the_corner(void)
{
    CHECK(board_king(1ull << 0) == (1ull << 1 | 1ull << 8 | 1ull << 9));
    return true;
}

static bool a_rook_on_an_empty_board(void)
{
    CHECK(board_rook(0, 0) == 0x01010101010101FEull);
    return true;
}

static bool subsets_of_two_bits(void)
{
    CHECK(board_next_subset(0, 0x11) == 0x01);
    CHECK(board_next_subset(0x01, 0x11) == 0x10);
    CHECK(board_next_subset(0x11, 0x11) == 0);
    return true;
}

static const struct tap_test tests[] = {
    {"counting", counting},
    {"corners turn", corners_turn},
    {"a king in the corner", a_king_in_the_corner},
    {"a rook on an empty board", a_rook_on_an_empty_board},
    {"subsets of two bits", subsets_of_two_bits},
};

TAP_MAIN(tests)
