"""Results by digest: what was run once on a tree need not be run again on an equal one.

A certified task's test result is a function of (tree, command, tests, image). Groups of samples produce equal
trees all the time, so results are kept on disk under a digest of all that decides them, the harness's own
programs included.

Only a run that came to its end is kept. A timeout, exhausted memory, a crash or an unreadable result depends on
the machine's load as well as on the tree, and a hiccup that is kept would be believed for ever; running such a
tree again costs time, never correctness. The agent's own runs that timed out are remembered as long as the cache
is open, since an endless loop that a whole group of samples tries would else cost the limit every time. The
agent's runs and the grader's verdicts live under different keys, so that nothing an agent can bring about in its
own box is ever read by a grader.

A digest covers paths, contents, executable bits and links. An agent's box holds more: modes, special files, what
lies in ``/tmp`` and in ignored folders, services. So what is kept is run elsewhere, in a fresh box that holds what
the digest covers and nothing else.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from pydantic import ValidationError

from codegym.digest import digest_bytes, digest_json
from codegym.harness.codes import Codes
from codegym.harness.result import TestRun
from codegym.harness.run import run_tests
from codegym.patch import may_be_named
from codegym.sandbox.host.lease import draft_prefix
from codegym.sandbox.image.image import image_digest
from codegym.sandbox.lay import lay_files
from codegym.sandbox.protocol import Changes, File, Sandbox
from codegym.task import TestPlan

CACHE_FOLDERS = frozenset({"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"})
"""Folders of byte code and tools' notes: no part of a workspace's digest, and never of a patch."""

MOST_LAID_FILES = 500
"""A workspace with more changed files is not laid a second time, which takes a millisecond per file."""

T = TypeVar("T")


class Turn:
    """A lock that is forgotten when nobody holds it or waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class ResultCache:
    """A folder of JSON objects by key, safe under concurrent writers and kills; counts its hits and misses.

    An entry that can't be read is a miss, and is written anew.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._hits = 0
        self._misses = 0
        self._turns: WeakValueDictionary[str, Turn] = WeakValueDictionary()
        self._fleeting: dict[str, dict[str, Any]] = {}

    def turn(self, key: str) -> Turn:
        """Return a context in which one thread at a time finds out what belongs under ``key``.

        The samples of a group often ask for the same run at the same moment: one executes it, the others wait
        and find its result. Between processes nobody waits.
        """
        with self._lock:
            return self._turns.setdefault(key, Turn())

    @property
    def hits(self) -> int:
        """How many times :meth:`get` found an entry."""
        return self._hits

    @property
    def misses(self) -> int:
        """How many times :meth:`get` found none."""
        return self._misses

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the entry under ``key``, a digest in hex, or ``None``."""
        found = self._fleeting.get(key) or self._read(key)
        with self._lock:
            self._hits += found is not None
            self._misses += found is None
        return found

    def put(self, key: str, value: dict[str, Any], *, lasting: bool = True) -> None:
        """Keep ``value``, which holds only JSON types, under ``key``; an older entry is replaced.

        What is not ``lasting`` is forgotten with this object.
        """
        if not lasting:
            self._fleeting[key] = value
            return
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(prefix=draft_prefix(), dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"key": key, "value": value}, file)
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise

    def _read(self, key: str) -> dict[str, Any] | None:
        try:
            entry = json.loads(self._path(key).read_bytes())
        except (OSError, ValueError):
            return None
        whole = isinstance(entry, dict) and entry.get("key") == key and isinstance(entry.get("value"), dict)
        return entry["value"] if whole else None

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key[2:]}.json"


def in_cache_folder(path: str) -> bool:
    """Return whether ``path`` lies in a folder of byte code or of a tool's notes."""
    return not CACHE_FOLDERS.isdisjoint(path.split("/"))


def covered(changes: Changes) -> Changes:
    """Return those changes that a workspace's digest covers: what a patch can hold, no cache folders."""
    return {path: file for path, file in changes.items() if may_be_named(path) and not in_cache_folder(path)}


def workspace_digest(base_digest: str, changes: Changes) -> str:
    """Return the digest of a base tree with those of ``changes`` that are :func:`covered`.

    Without such changes that is the base tree's own digest.
    """
    files = {path: _file(file) for path, file in covered(changes).items()}
    return digest_json([base_digest, files]) if files else base_digest


def run_apart(box: Sandbox, run: Callable[[Sandbox], T]) -> tuple[T, bool]:
    """Return what ``run`` makes of a fresh box that holds what the digest of ``box`` covers, and ``True``.

    Where there are too many changed files for that, or they can't be laid: what it makes of ``box`` itself, and
    ``False``, for that must not be kept.
    """
    files = covered(box.changes())
    if len(files) > MOST_LAID_FILES:
        return run(box), False
    with box.open_base() as fresh:
        try:
            lay_files(fresh, files)
        except OSError:
            return run(box), False
        return run(fresh), True


def run_key(
    tree_digest: str, plan: TestPlan, ids: Sequence[str], image: str, image_digest: str, *, purpose: str = "run"
) -> str:
    """Return the key of running ``ids`` on a tree. The time allowed is not in it: only whole runs are kept.

    ``purpose`` keeps apart what must not be read for one another.
    """
    run = [plan.framework, plan.command, list(ids)]
    return digest_json([purpose, harness_digest(), tree_digest, run, image, image_digest])


@lru_cache(maxsize=1)
def harness_digest() -> str:
    """Return the digest of the harness's own files: a result is only as good as what read it."""
    here = Path(__file__).parent
    files = sorted(path for path in here.rglob("*") if path.suffix in (".py", ".mjs"))
    return digest_json([[path.relative_to(here).as_posix(), digest_bytes(path.read_bytes())] for path in files])


def may_be_kept(run: TestRun) -> bool:
    """Return whether a run is a function of its tree alone; see the module's docstring."""
    return run.complete and not (run.timed_out or run.oom or run.tampering)


def run_tests_cached(
    box: Sandbox,
    tree_digest: str,
    plan: TestPlan,
    ids: Sequence[str],
    image: str,
    *,
    timeout: float,
    cache: ResultCache | None,
    codes: Codes | None = None,
) -> TestRun:
    """Run ``ids`` in a box whose workspace has ``tree_digest``, or return what is known of it.

    ``tree_digest`` comes from :func:`workspace_digest` over the box's present changes. Without a cache every
    run is executed in the box itself, and may be served warm: this is the agent's tool, not the grader's.
    """

    def run_in(place: Sandbox) -> TestRun:
        return run_tests(place, plan, ids, timeout=timeout, warm=place is box, codes=codes)

    if cache is None:
        return run_in(box)
    key = run_key(tree_digest, plan, ids, image, image_digest(image))
    with cache.turn(key):
        known = _known(cache.get(key))
        if known is not None:
            return known
        run, of_digest = run_apart(box, run_in)
        if of_digest and (may_be_kept(run) or run.timed_out):
            kept = run.model_dump(mode="json", exclude={"seconds", "cached"})
            cache.put(key, kept, lasting=not run.timed_out)
        return run


def _known(entry: dict[str, Any] | None) -> TestRun | None:
    try:
        return TestRun(**entry, cached=True) if entry is not None else None
    except (ValidationError, TypeError):
        return None


def _file(file: File | None) -> list[Any] | None:
    return None if file is None else [digest_bytes(file.content), file.executable, file.link]
