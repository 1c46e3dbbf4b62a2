"""The space of texts: any printable Unicode up to a length.

Gymnasium's own :class:`~gymnasium.spaces.Text` keeps a table of its characters, which for all of Unicode takes
a second and a hundred megabytes to build and to copy into each worker. Source code is written in all of
Unicode, so this one computes what the table would hold: a character's index is its code point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from functools import partial
from typing import Any, cast, overload

import numpy as np
from gymnasium.spaces import Text
from gymnasium.vector.utils import read_from_shared_memory
from numpy.typing import NDArray

from codegym.tool.cut import printable

_CODE_POINTS = 0x110000
_read_texts = cast("Callable[[Text, Any, int], tuple[str, ...]]", read_from_shared_memory.dispatch(Text))
_SAMPLED = "".join(map(chr, range(32, 127))) + "\n\t"


class _Characters(Set[str]):
    """All characters that :func:`printable` keeps; indexed by code point, and as large as the last of those."""

    def __contains__(self, character: object) -> bool:
        return isinstance(character, str) and len(character) == 1 and printable(character) == character

    def __iter__(self) -> Iterator[str]:
        return (chr(point) for point in range(_CODE_POINTS) if chr(point) in self)

    def __len__(self) -> int:
        return _CODE_POINTS

    def __getitem__(self, index: int) -> str:
        return chr(index)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Characters)

    def __hash__(self) -> int:
        return hash(_Characters)


class SharedTexts(Sequence[str]):
    """The texts that worker processes wrote last; a deep copy is a plain tuple of them.

    Gymnasium's own reader makes strings once, when the vector environment is made, and then shows these for
    ever: right for arrays, which are views of the shared memory, and wrong for texts.
    """

    def __init__(self, space: Text, memory: Any, count: int) -> None:
        self._read = partial(_read_texts, space, memory, count)
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        return self._read()[index]

    def __deepcopy__(self, memo: dict[int, Any]) -> tuple[str, ...]:
        return self._read()


class PrintableText(Text):
    """Texts of at most ``max_length`` characters without control characters other than newline and tab.

    Works wherever :class:`Text` does, shared memory of vector environments included. ``sample`` draws ASCII.
    """

    def __init__(self, max_length: int, seed: int | np.random.Generator | None = None) -> None:
        super().__init__(max_length, min_length=0, charset=_SAMPLED, seed=seed)

    def sample(
        self,
        mask: tuple[int | None, NDArray[np.int8] | None] | None = None,
        probability: tuple[int | None, NDArray[np.float64] | None] | None = None,
    ) -> str:
        """Return a random ASCII text; of the two tuples only the length is used."""
        length = (mask or probability or (None, None))[0]
        if length is None:
            length = int(self.np_random.integers(self.max_length + 1))
        return "".join(self.np_random.choice(list(_SAMPLED), size=length))

    def contains(self, x: Any) -> bool:
        """Return whether ``x`` is such a text."""
        return isinstance(x, str) and len(x) <= self.max_length and printable(x) == x

    @property
    def character_set(self) -> _Characters:  # type: ignore[override]
        """All characters that a text may hold."""
        return _Characters()

    @property
    def character_list(self) -> _Characters:  # type: ignore[override]
        """The characters by index."""
        return _Characters()

    def character_index(self, char: str) -> np.int32:
        """Return the character's code point."""
        return np.int32(ord(char))

    @property
    def characters(self) -> str:
        """The characters that ``sample`` draws from."""
        return self._char_str

    def __repr__(self) -> str:
        return f"PrintableText({self.max_length})"

    def __eq__(self, other: object, /) -> bool:
        return isinstance(other, PrintableText) and self.max_length == other.max_length

    def __hash__(self) -> int:
        return hash((PrintableText, self.max_length))


@read_from_shared_memory.register(PrintableText)
def _shared_texts(space: PrintableText, shared_memory: Any, n: int = 1) -> SharedTexts:
    return SharedTexts(space, shared_memory, n)
