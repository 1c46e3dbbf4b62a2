"""Clusters of tasks, as suites name them."""

from dataclasses import replace

from codegym.cluster import cluster_count, cluster_of, shared_clusters
from codegym.suite import Suite, load_suite


def suite_with(mini: Suite, keys: tuple[str, ...], **metadata: dict[str, object]) -> Suite:
    """Return ``mini`` with the metadata of its tasks and the keys of its clusters."""
    tasks = {name: mini.tasks[name].model_copy(update={"metadata": fields}) for name, fields in metadata.items()}
    return replace(mini, manifest=mini.manifest.model_copy(update={"cluster": keys}), tasks=tasks)


def test_tasks_with_the_same_values_are_one_cluster(mini: Suite) -> None:
    made = suite_with(
        mini,
        ("file", "functions"),
        clamp={"file": "a.py", "functions": ["g", "f", "g"]},
        total={"file": "a.py", "functions": ["f", "g"]},
        words={"file": "b.py", "functions": ["f", "g"]},
    )
    assert cluster_of(made, made.tasks["words"]) == "b.py: f, g"
    assert shared_clusters(made, made.tasks) == {"clamp": "a.py: f, g", "total": "a.py: f, g"}
    assert shared_clusters(made, ["clamp", "words", "gone"]) == {}
    assert cluster_count(3, shared_clusters(made, made.tasks)) == 2


def test_a_task_without_the_key_is_alone(mini: Suite) -> None:
    made = suite_with(mini, ("file",), clamp={}, total={"file": ""}, words={"file": None})
    assert shared_clusters(made, made.tasks) == {}
    plain = suite_with(mini, (), clamp={"file": "a"}, total={"file": "a"})
    assert shared_clusters(plain, plain.tasks) == {}


def test_the_key_is_in_no_digest(mini: Suite) -> None:
    manifest = mini.manifest.model_copy(update={"cluster": ("language",)})
    assert replace(mini, manifest=manifest).digest == mini.digest


def test_shipped_suites_name_what_their_tasks_share() -> None:
    drill = load_suite("drill")
    first = drill.split("test-d1").ids[:20]
    clusters = shared_clusters(drill, first)
    assert all(name == drill.tasks[task].metadata["family"] for task, name in clusters.items())
    families = {drill.tasks[task].metadata["family"] for task in first}
    assert cluster_count(len(first), clusters) == len(families) < len(first)
    kata = load_suite("kata")
    assert shared_clusters(kata, kata.tasks) == {}
