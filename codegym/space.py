"""The Gymnasium space of texts: any printable Unicode up to a length.

Gymnasium's own :class:`~gymnasium.spaces.Text` stores a table of its characters. For all of Unicode this table
takes a second and a hundred megabytes, again in each worker. Source code may contain any Unicode character, so
this space computes the table's entries: a character's index is its code point.
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
    """The set of characters that :func:`printable` keeps, indexed by code point; its length is 0x110000."""

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
    """The texts that worker processes wrote last, read again on each access. A deep copy is a plain tuple.

    Gymnasium's own reader makes the strings once, when the vector environment is made. Arrays stay current, since
    they are views of the shared memory; strings would not.
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

    It can replace :class:`Text` everywhere, also in the shared memory of vector environments. ``sample`` draws
    ASCII.
    """

    def __init__(self, max_length: int, seed: int | np.random.Generator | None = None) -> None:
        super().__init__(max_length, min_length=0, charset=_SAMPLED, seed=seed)

    def sample(
        self,
        mask: tuple[int | None, NDArray[np.int8] | None] | None = None,
        probability: tuple[int | None, NDArray[np.float64] | None] | None = None,
    ) -> str:
        """Return a random ASCII text. Of ``mask`` and ``probability`` only the first item, a length, is used."""
        length = (mask or probability or (None, None))[0]
        if length is None:
            length = int(self.np_random.integers(self.max_length + 1))
        return "".join(self.np_random.choice(list(_SAMPLED), size=length))

    def contains(self, x: Any) -> bool:
        """Return whether ``x`` is a printable text of at most ``max_length`` characters."""
        return isinstance(x, str) and len(x) <= self.max_length and printable(x) == x

    @property
    def character_set(self) -> _Characters:  # type: ignore[override]
        """The set of characters that a text may contain."""
        return _Characters()

    @property
    def character_list(self) -> _Characters:  # type: ignore[override]
        """The same characters by index, for code that expects a list."""
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
