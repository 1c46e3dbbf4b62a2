"""Who comes in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Visitor:
    """One person. A member has a number."""

    name: str
    member: int | None = None
    age: int


@dataclass
class Group:
    """People who come together; a group may come in with nobody in it yet."""

    name: str
    visitors: list[Visitor] = []

    def join(self, visitor: Visitor) -> None:
        """Add one more."""
        self.visitors.append(visitor)
