"""Banks on disk are read as they were written, and only for the same version of the task."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegym.certificate import without_tests
from codegym.errors import TaskError
from codegym.grade.form.bank import (
    Bank,
    Form,
    Kind,
    bank_key,
    banks_path,
    keep_banks,
    remember_bank,
    remembered_bank,
    shipped_bank,
)
from codegym.grade.form.edit import Edit
from codegym.suite import Suite
from codegym.task import Task
from tests.grade.banks import bank_of_places, made_up, place
from tests.grade.suites import F2P, P2P, python_suite


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def bank_for(task: Task, number: int = 1) -> Bank:
    """Return a bank that differs by ``number`` from others of the task."""
    form = Form(edits=(Edit(number, number + 1, "ü\n'"),), fails=(0,))
    made = place(0, (0,)).model_copy(update={"forms": (form,)})
    fields = {"key": bank_key(task), "tests": (F2P, P2P), "bases": {"t.py": (Edit(0, 0, "x"),)}}
    return bank_of_places(2, [made]).model_copy(update=fields)


@given(st.integers(0, 2**32))
def test_a_bank_is_what_its_json_says(seed: int) -> None:
    bank = made_up(Random(seed))
    again = Bank.model_validate_json(bank.model_dump_json(exclude_defaults=True))
    assert again == bank
    assert again.digest == bank.digest


def test_the_digest_is_of_what_exams_draw_from() -> None:
    bank = bank_of_places(2, [place(0, (0,), (1,))])
    assert bank.model_copy(update={"seconds": 9.0, "core_seconds": 3.0}).digest == bank.digest
    others = [
        bank.model_copy(update={"key": "other"}),
        bank.model_copy(update={"usual": ("x",)}),
        bank.model_copy(update={"gold_fails": "x"}),
        bank.model_copy(update={"bases": {"t.py": (Edit(0, 0, "x"),)}}),
        bank_of_places(2, [place(0, (0,), (0,))]),
        bank_of_places(2, [place(0, (0,), (1,), fails_unpatched=True)]),
        bank_of_places(2, [place(0, (0,), (1,), kind=Kind.OPERATOR)]),
        bank_of_places(3, [place(0, (0,), (1,))]),
    ]
    assert len({bank.digest, *(other.digest for other in others)}) == 1 + len(others)


def test_what_is_proven_and_what_is_sealed() -> None:
    bank = bank_of_places(4, [place(0, (0,), (1,)), place(1, (1, 2), kind=Kind.OPERATOR)])
    assert bank.proven == set(bank.tests[:3])
    assert bank.sealed == set(bank.tests[:2])
    assert bank.unproven(reversed(bank.tests)) == bank.tests[3:]
    assert bank.unproven(["another"]) == ("another",)


def test_banks_lie_beside_the_certificates(tmp_path: Path) -> None:
    suite, task = python_suite(tmp_path)
    other = task.model_copy(update={"id": "u"})
    both = replace(suite, tasks={"t": task, "u": other})
    assert shipped_bank(suite, task) is None
    path = keep_banks(both, {"u": bank_for(other, 2)})
    assert path == banks_path(suite) == tmp_path / "forms.jsonl.gz"
    assert keep_banks(both, {"t": bank_for(task)}) == path
    assert shipped_bank(both, task) == bank_for(task)
    assert shipped_bank(both, other) == bank_for(other, 2)
    first = path.read_bytes()
    keep_banks(both, {"t": bank_for(task)})
    assert path.read_bytes() == first
    keep_banks(both, {"t": bank_for(task, 3)})
    assert shipped_bank(both, task) == bank_for(task, 3)
    rows = [json.loads(line)[0] for line in gzip.decompress(path.read_bytes()).splitlines()]
    assert rows == ["t", "u"]
    keep_banks(suite, {})
    assert shipped_bank(both, other) is None, "of a task that is gone nothing is kept"


CHANGED = [
    {"gold_patch": ""},
    {"image": "cc"},
    {"setup_patch": "diff"},
    {"tests": {"command": "-x"}},
    {"tests": {"hidden": None}},
    {"tests": {"protected": ("a",)}},
]


@pytest.mark.parametrize("fields", CHANGED)
def test_a_bank_of_another_version_of_the_task_is_not_used(tmp_path: Path, fields: dict[str, object]) -> None:
    suite, task = python_suite(tmp_path)
    keep_banks(suite, {"t": bank_for(task)})
    if isinstance(fields.get("tests"), dict):
        fields = {"tests": task.tests.model_copy(update=fields["tests"])}
    assert shipped_bank(suite, task.model_copy(update=fields)) is None


def test_what_a_task_is_called_and_which_tests_decide_changes_no_form(tmp_path: Path) -> None:
    suite, task = python_suite(tmp_path)
    keep_banks(suite, {"t": bank_for(task)})
    limits = task.limits.model_copy(update={"grade_seconds": 5.0})
    fewer = without_tests(task.model_copy(update={"instruction": "Other.", "limits": limits}), (P2P,))
    assert shipped_bank(suite, fewer) == bank_for(task)
    assert bank_for(task).unproven((*fewer.tests.fail_to_pass, *fewer.tests.pass_to_pass)) == ()


BROKEN = [
    b"",
    b"no gzip",
    gzip.compress(b"no json\n", mtime=0),
    gzip.compress(b'["t"]\n', mtime=0),
    gzip.compress(b'{"t": 1}\n', mtime=0),
    gzip.compress(b"[1, {}, 2]\n", mtime=0),
    gzip.compress(b'["t", {"key": 1}]\n', mtime=0),
    gzip.compress(b'["t", {"key": "k", "tests": [], "extra": 1}]\n', mtime=0),
    gzip.compress(b'["t", []]\n', mtime=0),
    gzip.compress(b'[["t"], {}]\n', mtime=0),
    gzip.compress(b"\xff\n", mtime=0),
    gzip.compress(b'["t", {}]\n' * 2000, mtime=0)[:-9],
]


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_file_is_named(tmp_path: Path, content: bytes) -> None:
    suite, task = python_suite(tmp_path)
    banks_path(suite).write_bytes(content)
    with pytest.raises(TaskError, match=r"forms\.jsonl\.gz"):
        shipped_bank(suite, task)


def test_a_remembered_bank(own_cache: Path) -> None:
    bank = bank_of_places(2, [place(0, (0,), (1,))])
    key = "ab" * 32
    assert remembered_bank(key) is None
    remember_bank(key, bank)
    assert remembered_bank(key) == bank
    (path,) = own_cache.rglob("*.json")
    path.write_bytes(b"{")
    assert remembered_bank(key) is None
    remember_bank(key, bank)
    assert remembered_bank(key) == bank


def test_a_suite_that_can_not_be_written_has_its_banks_in_the_cache(tmp_path: Path, own_cache: Path) -> None:
    suite, task = python_suite(tmp_path / "suite")
    elsewhere = Suite(suite.manifest, Path("/proc/self"), suite.tasks, suite.splits)
    assert banks_path(elsewhere) == own_cache / "codegym" / "certificates" / "one-v1.forms.jsonl.gz"
    keep_banks(elsewhere, {"t": bank_for(task)})
    assert shipped_bank(elsewhere, task) == bank_for(task)
