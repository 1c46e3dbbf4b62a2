/* A chess board in one word: bit 0 is a1, bit 1 is b1, ... bit 7 is h1, bit 8 is a2, ... bit 63 is h8. */
#ifndef BITBOARD_H
#define BITBOARD_H

#include <stdint.h>

/* How many squares are set. */
int board_count(uint64_t board);

/* The lowest square that is set, 0 to 63, or 64 on an empty board. */
int board_first(uint64_t board);

/* Swap the ranks: a1 becomes a8, h2 becomes h7. */
uint64_t board_flip(uint64_t board);

/* Swap the files: a1 becomes h1, b8 becomes g8. */
uint64_t board_mirror(uint64_t board);

/* Turn the board by a quarter, clockwise, as White sees it: a1 becomes a8, a8 becomes h8, h8 becomes h1. */
uint64_t board_turn(uint64_t board);

/* All squares that a king on one of the squares of `board` attacks. He never steps over the edge. */
uint64_t board_king(uint64_t board);

/* The squares that a rook on `square` (0 to 63) attacks: along rank and file, up to and including the first
   square of `occupied` in each direction. Whether `square` itself is occupied does not matter. */
uint64_t board_rook(int square, uint64_t occupied);

/* The next subset of `mask` after `subset` in increasing order, and 0 after the last. Beginning with 0, this
   goes through all subsets once. `subset` must be a subset of `mask`. */
uint64_t board_next_subset(uint64_t subset, uint64_t mask);

#endif
