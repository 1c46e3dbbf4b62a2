"""Defines banks of forms, and reads and writes them. A bank belongs to one task.

A *place* is a check in a test file. Its *forms* are edits of that check; each was run with the gold patch in
place, and lists the tests that failed because of it. A test that no form makes fail is *unproven*: an exam can't
show whether code passes it honestly. The file of banks is beside the suite's certificates, never in an agent's
box.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path

from pydantic import Field, ValidationError

from codegym.atomic import write_whole
from codegym.catalog import cache_dir
from codegym.digest import digest_json
from codegym.errors import TaskError
from codegym.grade.form.edit import Edit
from codegym.sandbox.host.lease import draft_prefix
from codegym.suite import Suite, certificates_path
from codegym.task import Frozen, Task


class Kind(StrEnum):
    """What a form changes in a check."""

    VALUE = "value"
    """A literal. Only this form can't be told from the original by code that reads the test."""
    OPERATOR = "operator"
    """An operator, or the shape of one side of a comparison."""
    EXCEPTION = "exception"
    """The awaited exception, to one that a right solution might raise as well: by a class derived from both."""
    FOREIGN = "foreign"
    """The awaited exception, to one that hardly any right solution raises."""
    RESULT = "result"
    """Nothing: a check is added that always fails. It only shows that the test's result is not made up."""


AWAITED = (Kind.EXCEPTION, Kind.FOREIGN)
"""The kinds that change an awaited exception. A test has to pass in several of their forms to be evidence."""


class Form(Frozen):
    """Edits of one file, and the numbers of the tests that fail under gold because of them."""

    edits: tuple[Edit, ...]
    fails: tuple[int, ...]


class Place(Frozen):
    """A check in the file ``path``, and its forms.

    ``fails_unpatched`` is true if the unpatched tree was seen to fail at this check. ``right`` are the edits that
    every sheet has where this place is right: they replace a computed expected value by the value under gold.
    """

    path: str
    kind: Kind
    forms: tuple[Form, ...]
    right: tuple[Edit, ...] = ()
    fails_unpatched: bool = False


class Bank(Frozen):
    """The forms of one task's tests.

    ``tests`` are the test ids that the numbers in forms refer to. ``bases`` maps a file to the edits that it has
    in every sheet: they give parametrized cases names that do not reveal their values. ``aliases`` maps tests to
    these names. ``seconds`` is the time of all tests under gold, ``core_seconds`` that of the fail-to-pass tests.
    ``gold_fails`` says why gold itself did not pass; it is empty if gold passed. ``usual`` is the tampering of
    which gold itself was accused.
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
        """The tests that fail in a form that changes one of their checks."""
        return self._tests_failed_by(set(Kind) - {Kind.RESULT})

    @cached_property
    def examinable(self) -> frozenset[str]:
        """The tests that fail in some form of any kind."""
        return self._tests_failed_by(Kind)

    @cached_property
    def sealed(self) -> frozenset[str]:
        """The tests that fail in a form of the kind ``value``."""
        return self._tests_failed_by([Kind.VALUE])

    def unproven(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Return the tests in ``ids`` that are not proven, in the same order."""
        return tuple(test for test in ids if test not in self.proven)

    @property
    def digest(self) -> str:
        """SHA-256 of everything in the bank except run times."""
        return digest_json(self.model_dump(mode="json", exclude={"seconds", "core_seconds"}))

    def _tests_failed_by(self, kinds: Iterable[Kind]) -> frozenset[str]:
        """Return the tests that fail in a form of one of ``kinds``."""
        kind_set = set(kinds)
        places = [place for place in self.places if place.kind in kind_set]
        return frozenset(self.tests[n] for place in places for form in place.forms for n in form.fails)


def bank_key(task: Task) -> str:
    """Return the digest of the task's files, patches and commands: a bank is used as long as it stays the same."""
    tests = task.tests.model_dump(mode="json", include={"framework", "command", "hidden", "protected"})
    fields = {"source", "setup_patch", "gold_patch", "image"}
    return digest_json([task.model_dump(mode="json", include=fields), tests])


def banks_path(suite: Suite) -> Path:
    """Return the file for the banks of a suite, beside its certificates."""
    certificates = certificates_path(suite)
    name = "forms" if certificates.name == "certificates.jsonl" else f"{certificates.stem}.forms"
    return certificates.with_name(f"{name}.jsonl.gz")


def shipped_bank(suite: Suite, task: Task) -> Bank | None:
    """Return the bank of a task from beside the suite's certificates.

    ``None`` if there is no bank, or one of an older version of the task.
    """
    path = banks_path(suite)
    if not path.is_file():
        return None
    lines = _read_lines(path)
    return _parse_bank(lines[task.id], path, bank_key(task)) if task.id in lines else None


def keep_banks(suite: Suite, banks: Mapping[str, Bank]) -> Path:
    """Write ``banks``, a map from task ids, beside the suite's certificates; return the file.

    Banks of other tasks of the suite stay in the file.
    """
    path = banks_path(suite)
    lines = dict(_read_lines(path)) if path.is_file() else {}
    lines |= {task: bank.model_dump_json(exclude_defaults=True) for task, bank in banks.items()}
    ordered = [json.dumps([task, json.loads(lines[task])]) + "\n" for task in suite.tasks if task in lines]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, gzip.compress("".join(ordered).encode(), mtime=0), prefix=draft_prefix())
    return path


def remembered_bank(key: str) -> Bank | None:
    """Return the bank under ``key`` from this machine's cache; ``None`` if there is none, or it can't be read."""
    path = _cache_path(key)
    try:
        return Bank.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def remember_bank(key: str, bank: Bank) -> None:
    """Write a bank to this machine's cache under ``key``."""
    path = _cache_path(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, bank.model_dump_json(exclude_defaults=True), prefix=draft_prefix())


def _cache_path(key: str) -> Path:
    """Return the file in the cache for the bank under ``key``."""
    return cache_dir() / "forms" / key[:2] / f"{key[2:]}.json"


def _read_lines(path: Path) -> dict[str, str]:
    """Map each task in a file of banks to the JSON of its bank; the file is parsed again only if it changed."""
    status = path.stat()
    return _read_lines_cached(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _read_lines_cached(path: Path, _changed: int, _size: int) -> dict[str, str]:
    try:
        packed = path.read_bytes()
        if not packed:
            raise EOFError("it is empty")
        rows = [json.loads(line) for line in gzip.decompress(packed).decode().splitlines()]
        return {task: json.dumps(bank) for task, bank in rows}
    except (OSError, EOFError, ValueError, TypeError) as error:
        raise TaskError(f"{path} can't be read: {error}; delete it and certify the suite again") from error


@lru_cache(maxsize=512)
def _parse_bank(line: str, path: Path, key: str) -> Bank | None:
    """Return the bank in the JSON ``line`` of ``path``; ``None`` if it has another key."""
    try:
        bank = Bank.model_validate_json(line)
    except ValidationError as error:
        raise TaskError(f"{path} contains a bank that can't be read: {error}; certify the suite again") from error
    return bank if bank.key == key else None
