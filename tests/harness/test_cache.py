"""Results by digest: keys, what is kept, and many writers at once."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest

from codegym.digest import digest_json
from codegym.episode import TestStatus
from codegym.harness.cache import ResultCache, may_be_kept, run_key, run_tests_cached, workspace_digest
from codegym.harness.result import TestRun
from codegym.sandbox.protocol import File
from codegym.task import TestPlan
from tests.harness.boxes import open_box
from tests.harness.framework.test_run_pytest import FILES, GOOD, PLAN

KEYS = [digest_json(n) for n in range(20)]


def test_put_and_get(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path)
    assert cache.get(KEYS[0]) is None
    cache.put(KEYS[0], {"a": [1, None, "ü"]})
    assert cache.get(KEYS[0]) == {"a": [1, None, "ü"]}
    assert ResultCache(tmp_path).get(KEYS[0]) == {"a": [1, None, "ü"]}
    assert (cache.hits, cache.misses) == (1, 1)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"key": "other", "value": {}}', '{"value": {}}', "\xff"])
def test_corrupt_entries_are_misses(tmp_path: Path, content: str) -> None:
    cache = ResultCache(tmp_path)
    cache.put(KEYS[0], {"a": 1})
    (entry,) = tmp_path.rglob("*.json")
    entry.write_bytes(content.encode("latin-1"))
    assert cache.get(KEYS[0]) is None
    cache.put(KEYS[0], {"a": 2})
    assert cache.get(KEYS[0]) == {"a": 2}


def write_all(folder: Path, writer: int) -> None:
    cache = ResultCache(folder)
    for round_ in range(20):
        for key in KEYS:
            cache.put(key, {"writer": writer, "round": round_, "text": key * 50})
            found = cache.get(key)
            assert found is not None
            assert found["text"] == key * 50


def test_many_writers_and_a_kill(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_all, args=(tmp_path, n)) for n in range(4)]
    for writer in writers:
        writer.start()
    writers[0].kill()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [-9, 0, 0, 0]
    for key in KEYS:
        assert ResultCache(tmp_path).get(key) is not None
    for entry in tmp_path.rglob("*.json"):
        json.loads(entry.read_text())


def test_what_a_workspace_s_digest_counts() -> None:
    changes = {"mod.py": File(b"x"), "gone.py": None}
    digest = workspace_digest("base", changes)
    caches = {"a/__pycache__/mod.pyc": File(b""), ".pytest_cache/v/x": File(b""), "__pycache__/y.pyc": None}
    assert workspace_digest("base", changes | caches) == digest
    assert workspace_digest("base", caches) == "base"
    for other in ({"mod.py": File(b"x")}, changes | {"mod.py": File(b"x", executable=True)}, {}):
        assert workspace_digest("base", other) != digest
    assert workspace_digest("other", changes) != digest


def test_what_a_key_counts() -> None:
    plan = TestPlan(framework="pytest", fail_to_pass=("a",))
    key = run_key("tree", plan, ["a"], "python", "image")
    assert run_key("tree", plan.model_copy(update={"pass_to_pass": ("b",)}), ["a"], "python", "image") == key
    others = [
        run_key("tree2", plan, ["a"], "python", "image"),
        run_key("tree", plan, ["a", "b"], "python", "image"),
        run_key("tree", plan, ["a"], "python", "image2"),
        run_key("tree", plan.model_copy(update={"command": "-x"}), ["a"], "python", "image"),
        run_key("tree", plan, ["a"], "python", "image", purpose="grade"),
    ]
    assert len({key, *others}) == 6


def test_only_whole_runs_are_kept() -> None:
    whole = TestRun(results={"a": TestStatus.FAILED}, complete=True)
    assert may_be_kept(whole)
    for wrong in ({"complete": False}, {"timed_out": True}, {"oom": True}, {"tampering": ("x",)}):
        assert not may_be_kept(whole.model_copy(update=wrong))


def test_an_equal_tree_is_not_run_again(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path / "cache")
    with open_box(tmp_path / "trees", **FILES) as box:

        def run() -> TestRun:
            digest = workspace_digest("base", box.changes())
            return run_tests_cached(box, digest, PLAN, (GOOD,), "python", timeout=30, cache=cache)

        first, second = run(), run()
        box.write("mod.py", b"def f(x):\n    return 7\n")
        third = run()
        uncached = run_tests_cached(box, "base", PLAN, (GOOD,), "python", timeout=30, cache=None)
    assert not first.cached
    assert second == first.model_copy(update={"cached": True, "seconds": 0.0, "testing": 0.0})
    assert (third.cached, third.results[GOOD]) == (False, TestStatus.FAILED)
    assert not uncached.cached
    assert (cache.hits, cache.misses) == (1, 2)
