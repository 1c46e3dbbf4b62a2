"""A bank of forms: for the tests that decide a task, what can be changed in them and what that does under gold.

A *place* is a check in a test file. Its *forms* are edits of that check; each was run with the gold patch in
place, and names the tests that failed because of it. A test that no change of its checks makes fail is *unproven*:
whether code passes it honestly cannot be examined. The bank lies beside the certificate, never in an agent's box.
"""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path

from pydantic import Field, ValidationError

from codegym.catalog import cache_dir
from codegym.digest import digest_json
from codegym.errors import TaskError
from codegym.grade.form.edit import Edit
from codegym.sandbox.host.lease import draft_prefix
from codegym.suite import Suite, certificates_path
from codegym.task import Frozen, Task


class Kind(StrEnum):
    """What a form changes: a literal, an operator or the shape of a check, the exception that is awaited.

    Only a ``value`` cannot be told from the original by code that reads the test. An ``exception`` is one that a
    right solution might raise beside the awaited one, by a class derived from both; a ``foreign`` one is not.
    A ``result`` is a check of ours
    that fails whatever the code does: it shows no more than that a test's result is not made up.
    """

    VALUE = "value"
    OPERATOR = "operator"
    EXCEPTION = "exception"
    FOREIGN = "foreign"
    RESULT = "result"


AWAITED = (Kind.EXCEPTION, Kind.FOREIGN)
"""Kinds of which one form that passes means nothing: several have to."""


class Form(Frozen):
    """Edits of one file, and the tests (by their number in the bank) that fail under gold because of them."""

    edits: tuple[Edit, ...]
    fails: tuple[int, ...]


class Place(Frozen):
    """A check in the file ``path``, and its forms.

    ``fails_unpatched``: the unpatched tree was seen to fail at this check. ``right`` are edits that stand there in
    every right form: an expected value that the patch could move, at its value under gold.
    """

    path: str
    kind: Kind
    forms: tuple[Form, ...]
    right: tuple[Edit, ...] = ()
    fails_unpatched: bool = False


class Bank(Frozen):
    """The forms of one task's tests.

    ``tests`` are the ids that form numbers refer to. ``bases`` are edits that every form of a file has as well:
    they give parametrized cases names that say nothing of their values, which ``aliases`` map tests to.
    ``seconds`` is what a run of all tests took under gold, ``core_seconds`` one of the fail-to-pass tests.
    ``gold_fails`` says in which way gold itself did not pass, ``usual`` what gold was accused of.
    """

    key: str
    tests: tuple[str, ...]
    bases: dict[str, tuple[Edit, ...]] = Field(default_factory=dict)
    aliases: dict[str, str] = Field(default_factory=dict)
    places: tuple[Place, ...] = ()
    seconds: float = 0.0
    core_seconds: float = 0.0
    gold_fails: str = ""
    usual: tuple[str, ...] = ()

    @cached_property
    def proven(self) -> frozenset[str]:
        """The tests that a change of what they check makes fail."""
        return self._failed_by(set(Kind) - {Kind.RESULT})

    @cached_property
    def examinable(self) -> frozenset[str]:
        """The tests that some form makes fail, of whatever kind."""
        return self._failed_by(Kind)

    @cached_property
    def sealed(self) -> frozenset[str]:
        """The tests that a form of the kind ``value`` makes fail."""
        return self._failed_by([Kind.VALUE])

    def unproven(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Return those of ``ids`` that are not proven, in order."""
        return tuple(test for test in ids if test not in self.proven)

    @property
    def digest(self) -> str:
        """SHA-256 of all that an exam draws from; not of how long runs took."""
        return digest_json(self.model_dump(mode="json", exclude={"seconds", "core_seconds"}))

    def _failed_by(self, kinds: Iterable[Kind]) -> frozenset[str]:
        wanted = set(kinds)
        places = [place for place in self.places if place.kind in wanted]
        return frozenset(self.tests[n] for place in places for form in place.forms for n in form.fails)


def bank_key(task: Task) -> str:
    """Return the digest of what a bank depends on: a task's files, patches and commands."""
    tests = task.tests.model_dump(mode="json", include={"framework", "command", "hidden", "protected"})
    fields = {"source", "setup_patch", "gold_patch", "image"}
    return digest_json([task.model_dump(mode="json", include=fields), tests])


def banks_path(suite: Suite) -> Path:
    """Return where the banks of a suite are kept: beside its certificates."""
    certificates = certificates_path(suite)
    name = "forms" if certificates.name == "certificates.jsonl" else f"{certificates.stem}.forms"
    return certificates.with_name(f"{name}.jsonl.gz")


def shipped_bank(suite: Suite, task: Task) -> Bank | None:
    """Return the bank of a task that lies beside the suite's certificates, if it is of the task as it is now."""
    path = banks_path(suite)
    if not path.is_file():
        return None
    lines = _lines_of(path)
    return _read(lines[task.id], path, bank_key(task)) if task.id in lines else None


def keep_banks(suite: Suite, banks: Mapping[str, Bank]) -> Path:
    """Write ``banks``, by task, beside the suite's certificates, with those of other tasks; return the file."""
    path = banks_path(suite)
    lines = dict(_lines_of(path)) if path.is_file() else {}
    lines |= {task: bank.model_dump_json(exclude_defaults=True) for task, bank in banks.items()}
    kept = [json.dumps([task, json.loads(lines[task])]) + "\n" for task in suite.tasks if task in lines]
    write_whole(path, gzip.compress("".join(kept).encode(), mtime=0))
    return path


def remembered_bank(key: str) -> Bank | None:
    """Return the bank that this machine made under ``key``, for a task that came without one."""
    path = _remembered(key)
    try:
        return Bank.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def remember_bank(key: str, bank: Bank) -> None:
    """Keep a bank in the cache under ``key``."""
    write_whole(_remembered(key), bank.model_dump_json(exclude_defaults=True).encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees all of it or what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=draft_prefix(), dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(draft).chmod(0o644)
    Path(draft).replace(path)


def _remembered(key: str) -> Path:
    return cache_dir() / "forms" / key[:2] / f"{key[2:]}.json"


def _lines_of(path: Path) -> dict[str, str]:
    status = path.stat()
    return _lines(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _lines(path: Path, _changed: int, _size: int) -> dict[str, str]:
    try:
        packed = path.read_bytes()
        if not packed:
            raise EOFError("it is empty")
        rows = [json.loads(line) for line in gzip.decompress(packed).decode().splitlines()]
        return {task: json.dumps(bank) for task, bank in rows}
    except (OSError, EOFError, ValueError, TypeError) as error:
        raise TaskError(f"{path} can't be read: {error}; delete it and certify the suite again") from error


@lru_cache(maxsize=512)
def _read(line: str, path: Path, key: str) -> Bank | None:
    try:
        bank = Bank.model_validate_json(line)
    except ValidationError as error:
        raise TaskError(f"{path} holds a bank that can't be read: {error}; certify the suite again") from error
    return bank if bank.key == key else None
