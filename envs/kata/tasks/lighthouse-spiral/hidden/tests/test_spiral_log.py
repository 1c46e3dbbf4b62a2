import copy

import pytest
from lighthouse import unwind, wind

CORNERS = ["nw", "ne", "se", "sw"]
TURNS = ["cw", "ccw"]
GRID = [["a", "b", "c", "d"], ["e", "f", "g", "h"], ["i", "j", "k", "l"]]
EXPECTED = {
    "nw-cw": "abcdhlkjiefg",
    "nw-ccw": "aeijklhdcbfg",
    "ne-cw": "dhlkjieabcgf",
    "ne-ccw": "dcbaeijklhgf",
    "se-cw": "lkjieabcdhgf",
    "se-ccw": "lhdcbaeijkgf",
    "sw-cw": "ieabcdhlkjfg",
    "sw-ccw": "ijklhdcbaefg",
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_corner_and_turn(name):
    start, turn = name.split("-")
    assert "".join(unwind(GRID, start=start, turn=turn)) == EXPECTED[name]


@pytest.mark.parametrize("rows", [1, 2, 5])
@pytest.mark.parametrize("columns", [1, 3, 6])
def test_wind_is_the_inverse(rows, columns):
    values = [f"v{n}" for n in range(rows * columns)]
    for start in CORNERS:
        for turn in TURNS:
            grid = wind(values, rows, columns, start=start, turn=turn)
            assert [len(row) for row in grid] == [columns] * rows
            assert unwind(grid, start=start, turn=turn) == values


def test_single_row_from_the_east():
    assert unwind(["wxyz"], start="ne", turn="cw") == list("zyxw")


def test_single_column_from_the_south():
    assert unwind([[1], [2], [3]], start="sw", turn="ccw") == [3, 2, 1]


def test_nothing_in_nothing_out():
    assert unwind([]) == []
    assert unwind([[], []]) == []
    assert wind([], 0, 0) == []
    assert wind([], 3, 0) == [[], [], []]


def test_rows_of_a_wound_grid_are_independent():
    grid = wind([0] * 4, 2, 2)
    grid[0][0] = 1
    assert grid == [[1, 0], [0, 0]]


def test_grid_is_left_alone():
    grid = [[1, 2, 3], [4, 5, 6]]
    before = copy.deepcopy(grid)
    assert unwind(grid) == [1, 2, 3, 6, 5, 4]
    assert grid == before


@pytest.mark.parametrize("grid", [[[1, 2], [3]], [[], [1]]], ids=["short", "empty-first"])
def test_ragged_grids_are_refused(grid):
    assert unwind([[1, 2], [3, 4]]) == [1, 2, 4, 3]
    with pytest.raises(ValueError):
        unwind(grid)


@pytest.mark.parametrize("shape", [(2, 2), (0, 4), (-1, -5)], ids=["few", "none", "negative"])
def test_wrong_number_of_values_is_refused(shape):
    assert wind([1, 2, 3, 4, 5], 1, 5) == [[1, 2, 3, 4, 5]]
    with pytest.raises(ValueError):
        wind([1, 2, 3, 4, 5], *shape)


@pytest.mark.parametrize("options", [{"start": "n"}, {"turn": "left"}, {"start": "NW"}], ids=["n", "left", "NW"])
def test_unknown_corners_and_turns_are_refused(options):
    assert wind(unwind([[1, 2], [3, 4]]), 2, 2) == [[1, 2], [3, 4]]
    with pytest.raises(ValueError):
        unwind([[1, 2], [3, 4]], **options)
    with pytest.raises(ValueError):
        wind([1, 2, 3, 4], 2, 2, **options)
