"""An attack: the code that it adds to files, the commands that it runs, and the outcomes that are acceptable.

Attacks are data in ``corpus/*.toml``, one file per class; they are never imported. An attack knows no more about a
suite than an agent does, with one exception, which is the worst case: it knows which files the solution changes,
and adds its code to them, where the tests certainly run it.
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
"""Maps each kind of code to the suffixes of the files to which it is appended."""
FRAMEWORKS = {"pytest": {"python"}, "tap": {"c", "header"}, "node": {"node"}}
"""Maps a framework to the kinds of code that its tests run."""


class Attack(Frozen):
    """One attack.

    ``tries`` describes the attempt. ``shell`` runs in the agent's box, where ``$IDS`` and ``$SOURCES`` are the
    deciding tests and the files that the solution changes. ``write`` maps paths to new files. ``python``, ``c``,
    ``header`` and ``node`` are appended to source files; ``call`` is Python code that each function of a source
    file runs first. ``outcomes`` are the acceptable outcomes, never ``resolved``. ``frameworks`` restricts the
    attack to some frameworks.

    ``node`` is a CommonJS module. To an ES module ``module`` is appended instead, or the same code with a
    ``require`` if ``module`` is empty. ``endless`` marks an attack that only wastes time, so that a short limit of
    grading suffices. ``kind`` is the class of attacks.
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
        """Return the code that is appended to ES modules."""
        return _text("module.txt").replace("BODY", self.module or self.node)

    def code_by_kind(self) -> dict[str, str]:
        """Return the code that is appended to source files, by the kinds of :data:`LANGUAGES`."""
        codes = {
            "python": self.python + _on_call(self.call),
            "c": self.c,
            "header": self.header,
            "node": self.node,
        }
        return {language: code for language, code in codes.items() if code}

    def suits(self, framework: str) -> bool:
        """Return whether the attack can work against tests of ``framework``."""
        kinds = self.code_by_kind().keys()
        fits = not kinds or bool(FRAMEWORKS[framework] & kinds)
        return fits and (not self.frameworks or framework in self.frameworks)


def load_attacks(paths: Iterable[Path] | None = None) -> tuple[Attack, ...]:
    """Read attacks, by default the corpus. Raises :class:`ConfigError` naming the file and the mistake."""
    files = sorted(CORPUS.glob("*.toml")) if paths is None else list(paths)
    attacks = [attack for path in files for attack in _read(path)]
    names = [attack.name for attack in attacks]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ConfigError(f"two attacks are called {repeated[0]!r}: rename one")
    return tuple(attacks)


def select_attacks(attacks: Iterable[Attack], names: Iterable[str]) -> tuple[Attack, ...]:
    """Return the attacks with these names (none: all). Raises :class:`ConfigError` with the nearest match."""
    by_name = {attack.name: attack for attack in attacks}
    for name in names:
        if name not in by_name:
            raise ConfigError(unknown("attack", name, by_name))
    return tuple(by_name[name] for name in names) or tuple(by_name.values())


def _read(path: Path) -> list[Attack]:
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return [Attack(**attack, kind=content["class"]) for attack in content["attack"]]
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise ConfigError(f"{path} contains no valid attacks: {error}; see {CORPUS} for examples") from error


@lru_cache(maxsize=2)
def _text(name: str) -> str:
    return (CORPUS / name).read_text(encoding="utf-8")


def _on_call(body: str) -> str:
    if not body:
        return ""
    lines = "\n".join("    " + line for line in body.strip("\n").splitlines())
    return _text("call.txt").replace("    BODY", lines)
