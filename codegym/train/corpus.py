"""What a tiny policy reads before it is let loose: conversations, with a mark on what is worth imitating.

Most are repairs of mutated functions of Python's own library, told as an episode without tests; they teach
what code and its slips look like, and cost no sandbox. The rest are the scripted expert's real episodes.
"""

from __future__ import annotations

import random
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import libcst

from codegym.episode import Episode
from codegym.train.expert import wrong_fix
from codegym.train.repair import Repair, repairs

WRONG_SHARE = 0.2
"""How many repairs are told with a wrong turn first."""

_LEFT_OUT = frozenset({"test", "tests", "site-packages", "dist-packages", "idlelib", "lib2to3", "ensurepip"})


@dataclass(frozen=True)
class Turn:
    """Something seen and what was said to it; ``imitate`` says whether the policy should learn to say it."""

    seen: str
    said: str
    imitate: bool = True


Conversation = tuple[Turn, ...]


def library_modules() -> list[Path]:
    """Return the modules of Python's standard library, in an order that is mixed but always the same."""
    root = Path(sysconfig.get_path("stdlib"))
    paths = [p for p in root.rglob("*.py") if not _LEFT_OUT & set(p.relative_to(root).parts)]
    return sorted(paths, key=lambda path: random.Random(path.name).random())  # noqa: S311


def library_repairs(count: int, seed: int, *, workers: int, told: Callable[[int], None]) -> list[Repair]:
    """Return ``count`` repairs (fewer if the library holds fewer); ``told`` gets how many there are."""
    found: list[Repair] = []
    if not count:
        return found
    with ProcessPoolExecutor(workers) as pool:
        modules = library_modules()
        for batch in pool.map(_module_repairs, modules, [seed] * len(modules)):
            found += batch
            told(min(len(found), count))
            if len(found) >= count:
                pool.shutdown(cancel_futures=True)
                break
    return found[:count]


def _module_repairs(path: Path, seed: int) -> list[Repair]:
    try:
        source = path.read_text()
        if source.count("\n") > 4000:
            return []
        return list(repairs(source, random.Random(f"{seed} {path.name}")))  # noqa: S311
    except (UnicodeDecodeError, SyntaxError, libcst.ParserSyntaxError):
        return []


def as_episode(repair: Repair, choose: random.Random) -> Conversation:
    """Tell a repair as an episode without tests: locate, perhaps something wrong and back again, the fixes."""
    name = repair.shown.partition("\n")[0].rpartition(".")[2]
    seen = f"1 {name}\n{repair.shown}"
    turns = [Turn("", "s")]
    if choose.random() < WRONG_SHARE and (wrong := wrong_fix(repair.shown, choose)):
        turns += [Turn(seen, wrong.action, imitate=False), Turn(wrong.result, "u")]
        seen = "undone"
    for fix in repair.fixes:
        turns.append(Turn(seen, fix.action))
        seen = fix.result
    return tuple(turns)


def remembered(episode: Episode) -> Conversation:
    """Return an expert's episode as a conversation, wrong picks and all: they too show what a move looks like."""
    seen = [episode.first_observation, *(step.observation for step in episode.steps)]
    return tuple(Turn(s, step.action) for s, step in zip(seen, episode.steps, strict=False))


def texts(conversations: Iterable[Conversation]) -> Iterator[str]:
    """Return all that was seen and said, to train a tokenizer on."""
    for conversation in conversations:
        for turn in conversation:
            yield turn.seen
            yield turn.said
