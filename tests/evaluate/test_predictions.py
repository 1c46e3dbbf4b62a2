"""Grading patches that were made elsewhere, on the fake sandbox."""

import pytest

from codegym.episode import Outcome
from codegym.errors import ConfigError
from codegym.evaluate.predictions import failed_by_machine, grade_predictions, last_of_each, verdict_on
from codegym.exporter.predictions import Prediction
from codegym.sandbox.backend import backend
from codegym.suite import Suite


def prediction(task: str, patch: str | None) -> Prediction:
    return Prediction(instance_id=task, model_name_or_path="m", model_patch=patch)


def test_the_last_prediction_counts_and_an_empty_one_is_not_graded(mini: Suite) -> None:
    notices: list[str] = []
    answers = [
        prediction("total", "x"),
        prediction("total", mini.task("total").gold_patch),
        prediction("words", " "),
        prediction("clamp", "no patch"),
    ]
    given = last_of_each(answers, mini.tasks, "mini", notices.append)
    assert notices == ["total: there is more than one prediction, and they differ; the last one counts"]
    verdicts = dict(grade_predictions(mini, given, mini.tasks, backend("fake"), workers=2))
    outcomes = {name: verdict.outcome for name, verdict in verdicts.items()}
    assert outcomes == {"total": Outcome.RESOLVED, "clamp": Outcome.INVALID_PATCH}
    with pytest.raises(ConfigError, match=r"unknown instance of mini 'clmp'\. Did you mean 'clamp'"):
        last_of_each([prediction("clmp", "")], mini.tasks, "mini")


def test_a_refused_task_is_an_error_but_not_of_the_machine(mini: Suite) -> None:
    kept = {name: task for name, task in mini.tasks.items() if name != "clamp"}
    refusing = Suite(mini.manifest, mini.root, kept, mini.splits, refused={"clamp": "its tests are flaky"})
    verdict = verdict_on(refusing, mini.task("clamp"), mini.task("clamp").gold_patch, backend("fake"))
    assert verdict.outcome is Outcome.INFRA_ERROR
    assert "flaky" in verdict.detail
    assert not failed_by_machine(verdict)


def test_a_machine_that_fails_each_time_is_an_error_of_the_machine(mini: Suite) -> None:
    task = mini.task("clamp").model_copy(update={"image": "nowhere"})
    other = Suite(mini.manifest, mini.root, {"clamp": task}, mini.splits)
    verdict = verdict_on(other, task, task.gold_patch, backend("fake"))
    assert (verdict.outcome, str(verdict.failure)) == (Outcome.INFRA_ERROR, "infrastructure: image")
    assert failed_by_machine(verdict)
