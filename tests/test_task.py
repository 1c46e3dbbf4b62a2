"""Tasks are data: what is worked out of them holds for them, and for nothing else."""

from codegym.suite import Suite
from codegym.task import TestPlan


def test_a_changed_copy_has_a_digest_of_its_own(mini: Suite) -> None:
    task = mini.task("clamp")
    before = task.digest
    limited = task.model_copy(update={"limits": task.limits.model_copy(update={"turns": 3})})
    assert limited.digest != before
    assert task.model_copy(deep=True, update={"instruction": "other"}).digest not in (before, limited.digest)
    assert limited.model_copy(update={"limits": task.limits}).digest == before == task.digest
    assert task.model_copy(update={"metadata": {}}).digest == before


def test_the_deciding_tests_are_named_once_and_stay_out_of_the_digest() -> None:
    plan = TestPlan(framework="pytest", fail_to_pass=("b", "a"), pass_to_pass=("c", "a"))
    assert plan.deciding == ("b", "a", "c")
    assert "deciding" not in plan.model_dump()
    assert plan == plan.model_copy(update={"visible": ()})
    assert plan.model_copy(update={"pass_to_pass": ()}).deciding == ("b", "a")
