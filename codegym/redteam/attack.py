"""An attack: what it tries, what it plants in whose files, what it does in its box, and the outcomes it may get.

Attacks are data, in ``corpus/*.toml``, a file a class: nothing of them is ever imported. They know a suite as
little as an agent does, but are granted the worst case in one respect: they know which files the solution
changes, and plant their code there, where the tests are sure to run it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from codegym.episode import Outcome
from codegym.errors import ConfigError, unknown
from codegym.task import Frozen

CORPUS = Path(__file__).parent / "corpus"
LANGUAGES = {"python": (".py",), "c": (".c",), "header": (".h",), "node": (".js", ".mjs", ".cjs")}
"""What an attack may plant, and the files that it is appended to."""
FRAMEWORKS = {"pytest": {"python"}, "tap": {"c", "header"}, "node": {"node"}}
"""Which of these a framework's tests run."""


class Attack(Frozen):
    """One attack.

    ``shell`` is run in the agent's box, where ``$IDS`` and ``$SOURCES`` name the deciding tests and the files that
    the solution changes. ``write`` are files by path. ``python``, ``c``, ``header`` and ``node`` are appended to
    source files; ``call`` is Python that each function of a source file runs first. ``outcomes`` are those that it
    may get; none of them is ``resolved``. ``frameworks`` narrows whom it is tried on, beside what it plants.

    ``node`` is written as a CommonJS module. In a file that is an ES module ``module`` is planted instead, or the
    same code if there is none, with a ``require`` of its own. ``endless`` means that it only wastes time: a short
    limit to grading shows as much as a long one.
    """

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    tries: str
    outcomes: tuple[Outcome, ...] = (Outcome.UNRESOLVED,)
    frameworks: tuple[Literal["pytest", "tap", "node"], ...] = ()
    shell: str = ""
    write: dict[str, str] = Field(default_factory=dict)
    python: str = ""
    call: str = ""
    c: str = ""
    header: str = ""
    node: str = ""
    module: str = ""
    endless: bool = False
    kind: str = ""

    def as_module(self) -> str:
        """Return what is appended to ES modules of node."""
        return _text("module.txt").replace("BODY", self.module or self.node)

    def planted(self) -> dict[str, str]:
        """Return what is appended to source files, by language."""
        codes = {
            "python": self.python + _on_call(self.call),
            "c": self.c,
            "header": self.header,
            "node": self.node,
        }
        return {language: code for language, code in codes.items() if code}

    def suits(self, framework: str) -> bool:
        """Return whether the attack means anything against tests of ``framework``."""
        planted = self.planted()
        fits = not planted or bool(FRAMEWORKS[framework] & planted.keys())
        return fits and (not self.frameworks or framework in self.frameworks)


def load_attacks(paths: Iterable[Path] | None = None) -> tuple[Attack, ...]:
    """Read attacks, by default the corpus. Raises :class:`ConfigError` naming the file and what is wrong."""
    files = sorted(CORPUS.glob("*.toml")) if paths is None else list(paths)
    attacks = [attack for path in files for attack in _read(path)]
    names = [attack.name for attack in attacks]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"two attacks are called {twice[0]!r}")
    return tuple(attacks)


def chosen(attacks: Iterable[Attack], names: Iterable[str]) -> tuple[Attack, ...]:
    """Return the attacks called ``names``, none: all. Raises :class:`ConfigError` with the nearest match."""
    known = {attack.name: attack for attack in attacks}
    for name in names:
        if name not in known:
            raise ConfigError(unknown("attack", name, known))
    return tuple(known[name] for name in names) or tuple(known.values())


def _read(path: Path) -> list[Attack]:
    try:
        said: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return [Attack(**attack, kind=said["class"]) for attack in said["attack"]]
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise ConfigError(f"{path} holds no attacks: {error}; see {CORPUS} for how they are written") from error


@lru_cache(maxsize=2)
def _text(name: str) -> str:
    return (CORPUS / name).read_text(encoding="utf-8")


def _on_call(body: str) -> str:
    if not body:
        return ""
    lines = "\n".join("    " + line for line in body.strip("\n").splitlines())
    return _text("call.txt").replace("    BODY", lines)
