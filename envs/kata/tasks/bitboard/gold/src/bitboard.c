#include "bitboard.h"

#define FILE_A 0x0101010101010101ull
#define FILE_H 0x8080808080808080ull

int board_count(uint64_t board)
{
    int count = 0;
    for (; board != 0; board &= board - 1)
        count++;
    return count;
}

int board_first(uint64_t board)
{
    return board == 0 ? 64 : board_count((board & -board) - 1);
}

uint64_t board_flip(uint64_t board)
{
    uint64_t flipped = 0;
    for (int rank = 0; rank < 8; rank++)
        flipped |= (board >> (8 * rank) & 0xFF) << (8 * (7 - rank));
    return flipped;
}

uint64_t board_mirror(uint64_t board)
{
    board = (board >> 1 & 0x5555555555555555ull) | (board & 0x5555555555555555ull) << 1;
    board = (board >> 2 & 0x3333333333333333ull) | (board & 0x3333333333333333ull) << 2;
    return (board >> 4 & 0x0F0F0F0F0F0F0F0Full) | (board & 0x0F0F0F0F0F0F0F0Full) << 4;
}

uint64_t board_turn(uint64_t board)
{
    uint64_t turned = 0;
    for (; board != 0; board &= board - 1) {
        int square = board_first(board), file = square % 8, rank = square / 8;
        turned |= 1ull << (8 * (7 - file) + rank);
    }
    return turned;
}

uint64_t board_king(uint64_t board)
{
    uint64_t east = (board & ~FILE_H) << 1, west = (board & ~FILE_A) >> 1;
    uint64_t row = board | east | west;
    return east | west | row << 8 | row >> 8;
}

uint64_t board_rook(int square, uint64_t occupied)
{
    static const int steps[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
    uint64_t attacked = 0;
    for (int way = 0; way < 4; way++) {
        int file = square % 8 + steps[way][0], rank = square / 8 + steps[way][1];
        for (; file >= 0 && file < 8 && rank >= 0 && rank < 8; file += steps[way][0], rank += steps[way][1]) {
            uint64_t bit = 1ull << (8 * rank + file);
            attacked |= bit;
            if (occupied & bit)
                break;
        }
    }
    return attacked;
}

uint64_t board_next_subset(uint64_t subset, uint64_t mask)
{
    return (subset - mask) & mask;
}
