#include "bitboard.h"

int board_count(uint64_t board)
{
    (void)board;
    return 0;
}

int board_first(uint64_t board)
{
    (void)board;
    return 64;
}

uint64_t board_flip(uint64_t board)
{
    return board;
}

uint64_t board_mirror(uint64_t board)
{
    return board;
}

uint64_t board_turn(uint64_t board)
{
    return board;
}

uint64_t board_king(uint64_t board)
{
    (void)board;
    return 0;
}

uint64_t board_rook(int square, uint64_t occupied)
{
    (void)square, (void)occupied;
    return 0;
}

uint64_t board_next_subset(uint64_t subset, uint64_t mask)
{
    (void)subset, (void)mask;
    return 0;
}
