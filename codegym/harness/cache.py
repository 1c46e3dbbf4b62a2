"""A cache of test results by digest, so that equal trees are tested once.

A certified task's test result is a function of (tree, command, tests, image). Groups of samples often produce
equal trees, so results are kept on disk under a digest of everything that decides them, the harness's own programs
included.

Only complete runs are kept. A timeout, exhausted memory, a crash or an unreadable result depends on the machine's
load as well as on the tree, and a cached accident would never be corrected; running such a tree again costs time,
but not correctness. Runs of the agent that timed out are remembered while the cache object exists: otherwise an
endless loop in all samples of a group would cost the time limit in each. The agent's runs and the grader's
verdicts have different keys, so that a grader never reads a result from a box that an agent controlled.

A digest covers paths, contents, executable bits and links. An agent's box contains more: modes, special files,
files in ``/tmp`` and in ignored folders, services. So results for the cache come from a fresh box with only the
files that the digest covers.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from pydantic import ValidationError

from codegym.atomic import write_whole
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
"""Folders of byte code and tools' caches. Neither a workspace's digest nor a patch covers them."""

MOST_LAID_FILES = 500
"""The most changed files that are copied to a fresh box, since each takes a millisecond."""

T = TypeVar("T")


class KeyLock:
    """The lock of one key; it is deleted when no thread holds it or waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class ResultCache:
    """A folder of JSON objects by key, safe with concurrent writers and kills; counts hits and misses.

    An unreadable entry counts as a miss and is replaced.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._hits = 0
        self._misses = 0
        self._locks: WeakValueDictionary[str, KeyLock] = WeakValueDictionary()
        self._fleeting: dict[str, dict[str, Any]] = {}

    def turn(self, key: str) -> KeyLock:
        """Return a context that one thread at a time can enter per ``key``.

        The samples of a group often need the same run at the same moment: one executes it, the others wait and
        read its result. Other processes do not wait.
        """
        with self._lock:
            return self._locks.setdefault(key, KeyLock())

    @property
    def hits(self) -> int:
        """How often :meth:`get` returned an entry."""
        return self._hits

    @property
    def misses(self) -> int:
        """How often :meth:`get` returned ``None``."""
        return self._misses

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the entry under ``key``, a digest in hex, or ``None``."""
        entry = self._fleeting.get(key) or self._read(key)
        with self._lock:
            self._hits += entry is not None
            self._misses += entry is None
        return entry

    def put(self, key: str, value: dict[str, Any], *, lasting: bool = True) -> None:
        """Save ``value``, which contains only JSON types, under ``key``; an older entry is replaced.

        If not ``lasting``, it is kept in this object only.
        """
        if not lasting:
            self._fleeting[key] = value
            return
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps({"key": key, "value": value}), prefix=draft_prefix(), mode=0o600)

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
    """Return whether ``path`` is in one of :data:`CACHE_FOLDERS`."""
    return not CACHE_FOLDERS.isdisjoint(path.split("/"))


def digested_changes(changes: Changes) -> Changes:
    """Return the changes that a workspace's digest covers: those a patch can contain, except cache folders."""
    return {path: file for path, file in changes.items() if may_be_named(path) and not in_cache_folder(path)}


def workspace_digest(base_digest: str, changes: Changes) -> str:
    """Return the digest of a base tree together with the :func:`digested_changes` among ``changes``.

    If there are none, it is the base tree's own digest.
    """
    files = {path: _file(file) for path, file in digested_changes(changes).items()}
    return digest_json([base_digest, files]) if files else base_digest


def run_in_fresh_box(box: Sandbox, run: Callable[[Sandbox], T]) -> tuple[T, bool]:
    """Call ``run`` on a fresh box with only the files that the digest covers; return its result and ``True``.

    If there are too many changed files, or they can't be copied, call it on ``box`` itself and return ``False``:
    such a result must not be cached.
    """
    files = digested_changes(box.changes())
    if len(files) > MOST_LAID_FILES:
        return run(box), False
    with box.open_base() as fresh_box:
        try:
            lay_files(fresh_box, files)
        except OSError:
            return run(box), False
        return run(fresh_box), True


def run_key(
    tree_digest: str, plan: TestPlan, ids: Sequence[str], image: str, image_digest: str, *, purpose: str = "run"
) -> str:
    """Return the key of a run of ``ids`` on a tree. It does not cover the time limit: only complete runs are kept.

    Runs with different ``purpose`` have different keys.
    """
    run = [plan.framework, plan.command, list(ids)]
    return digest_json([purpose, harness_digest(), tree_digest, run, image, image_digest])


@lru_cache(maxsize=1)
def harness_digest() -> str:
    """Return the digest of the harness's own files, since they too decide a result."""
    folder = Path(__file__).parent
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".mjs", ".cjs"))
    return digest_json([[path.relative_to(folder).as_posix(), digest_bytes(path.read_bytes())] for path in files])


def may_be_kept(run: TestRun) -> bool:
    """Return whether a run depends on its tree only and so may be cached; see the module's docstring."""
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
    """Run ``ids`` in a box whose workspace has ``tree_digest``, or return the cached result.

    ``tree_digest`` is the :func:`workspace_digest` of the box's present changes. Without a cache every run happens
    in the box itself and may use its warm server: this function is for the agent's tool, not for the grader.
    """

    def run_in(target: Sandbox) -> TestRun:
        return run_tests(target, plan, ids, timeout=timeout, warm=target is box, codes=codes)

    if cache is None:
        return run_in(box)
    key = run_key(tree_digest, plan, ids, image, image_digest(image))
    with cache.turn(key):
        cached = _cached_run(cache.get(key))
        if cached is not None:
            return cached
        run, is_reproducible = run_in_fresh_box(box, run_in)
        if is_reproducible and (may_be_kept(run) or run.timed_out):
            entry = run.model_dump(mode="json", exclude={"seconds", "cached"})
            cache.put(key, entry, lasting=not run.timed_out)
        return run


def _cached_run(entry: dict[str, Any] | None) -> TestRun | None:
    try:
        return TestRun(**entry, cached=True) if entry is not None else None
    except (ValidationError, TypeError):
        return None


def _file(file: File | None) -> list[Any] | None:
    return None if file is None else [digest_bytes(file.content), file.executable, file.link]
