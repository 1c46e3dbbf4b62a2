"""Who comes in."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Visitor:
    """One person. A member has a number."""

    name: str
    age: int
    member: int | None = None


@dataclass
class Group:
    """People who come together; a group may come in with nobody in it yet."""

    name: str
    visitors: list[Visitor] = field(default_factory=list)

    def join(self, visitor: Visitor) -> None:
        """Add one more."""
        self.visitors.append(visitor)
