"""Task folders of Harbor and Terminal-Bench: an instruction, an environment, a solution, a script that grades.

Harbor has ``task.toml``, ``instruction.md``, ``environment/``, ``solution/solve.sh`` and ``tests/test.sh``, which
writes a reward to ``/logs/verifier``. Terminal-Bench has ``task.yaml``, ``Dockerfile``, ``solution.sh`` (or
``.yaml``) and ``run-tests.sh``, whose pytest log decides.

The environment is the Docker image that a task names. If an image of codegym replaces it, the repository consists
of the files that the Dockerfile copies into its working folder, and absolute paths in scripts (``/app``,
``/tests``, ``/logs``) are replaced by paths that a box has. A folder that codegym exported gives exactly the
exported task.
"""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegym.errors import ConfigError, TaskError
from codegym.importer.folder.dockerfile import Dockerfile, copied_files, read_dockerfile
from codegym.importer.folder.harbor_own import own_task
from codegym.importer.folder.harbor_solution import Solution, as_scripts, gold_patch
from codegym.importer.folder.script_paths import LOGS, ScriptPaths
from codegym.importer.imported_task import (
    ImportedTask,
    ImportOptions,
    folder_source,
    metadata,
    path_inside,
    read_each,
    safe_task_id,
    with_folders,
)
from codegym.importer.kit_text import kit
from codegym.importer.names import ids_of_tests
from codegym.sandbox.image.image import image_names
from codegym.sandbox.protocol import File
from codegym.task import Limits, Task, TestPlan
from codegym.tree import Files, read_tree

HIDDEN = ".codegym"
"""The folder of the verifier in a box while it runs, below the repository."""
_TEST = re.compile(r"/(test_[^/]*\.py|[^/]*_test\.py|(run-)?tests?\.sh)$")
"""Files of ``tests/`` that are tests, and not data for tests."""


def harbor(path: Path, options: ImportOptions) -> Iterator[ImportedTask]:
    """Yield the tasks below ``path``, sorted: every folder with a ``task.toml`` or a ``task.yaml``.

    Such folders inside of a task belong to that task.
    """
    tasks = sorted({file.parent for name in ("task.toml", "task.yaml") for file in path.rglob(name)})
    if not tasks:
        raise ConfigError(f"{path} has no task, which is a folder with a task.toml or a task.yaml")
    roots = ((str(root), root) for root in tasks if not any(above in tasks for above in root.parents))
    yield from read_each(roots, lambda root: _any_task(root, options), options.skip)


@dataclass(frozen=True)
class _TaskFolder:
    """The parts of a task's folder in either form. ``facts`` are its ``task.toml`` or ``task.yaml``."""

    name: str
    facts: dict[str, Any]
    image: str
    instruction: str
    dockerfile: Dockerfile
    context: Path
    plan: TestPlan
    hidden: Files
    solution: Solution | None


def _any_task(root: Path, options: ImportOptions) -> ImportedTask:
    read = _harbor_task if (root / "task.toml").is_file() else _terminal_task
    return read(root, options)


def _harbor_task(root: Path, options: ImportOptions) -> ImportedTask:
    facts = tomllib.loads(_text(root, "task.toml"))
    if "codegym" in facts.get("metadata", {}):
        return own_task(root, facts["metadata"]["codegym"], facts, options)
    built = _dockerfile(root, "environment/Dockerfile")
    tests = _tests(root)
    if "tests/test.sh" not in tests:
        raise TaskError("there is no tests/test.sh")
    if folder_in_it := facts.get("environment", {}).get("workdir"):
        built.workdir = posixpath.normpath(posixpath.join("/", str(folder_in_it)))
    command = f"sh {HIDDEN}/verify.sh {HIDDEN}/tests/test.sh {LOGS}/verifier"
    solution = as_scripts(read_tree(path_inside(root, "solution")), "solve.sh")
    parts = _TaskFolder(
        name=root.name,
        facts=facts,
        image=str(facts.get("environment", {}).get("docker_image") or built.base),
        instruction=_text(root, "instruction.md"),
        dockerfile=built,
        context=path_inside(root, "environment"),
        plan=_plan(("reward",), command),
        hidden=tests | {"verify.sh": File(kit("verify.sh").encode())},
        solution=Solution(solution, "solve.sh") if "solve.sh" in solution else None,
    )
    return _task(parts, options)


def _terminal_task(root: Path, options: ImportOptions) -> ImportedTask:
    facts = _yaml(root, "task.yaml")
    built = _dockerfile(root, "Dockerfile")
    tests = _tests(root)
    ids = tuple(
        name
        for path, file in sorted(tests.items())
        if path.endswith(".py")
        for name in ids_of_tests(path.rpartition("/")[2], file.content.decode())
    )
    command = f"python3 {HIDDEN}/log_tap.py pytest_names 'bash {HIDDEN}/tests/run-tests.sh'"
    script = tests.get("tests/run-tests.sh") or File(_existing(root, "run-tests.sh").read_bytes())
    parts = _TaskFolder(
        name=root.name,
        facts=facts,
        image=built.base,
        instruction=str(
            facts.get("instruction") or (facts.get("descriptions") or [{}])[0].get("description") or ""
        ),
        dockerfile=built,
        context=root,
        plan=_plan(ids, f"TEST_DIR=$PWD/{HIDDEN}/tests {command}"),
        hidden=as_scripts(tests | {"tests/run-tests.sh": script}, "tests/run-tests.sh")
        | {"log_tap.py": File(kit("log_tap.py").encode())},
        solution=_terminal_solution(root),
    )
    return _task(parts, options)


def _plan(ids: tuple[str, ...], command: str) -> TestPlan:
    return TestPlan(framework="tap", fail_to_pass=ids, command=command, protected=(f"{HIDDEN}/**",))


def _task(parts: _TaskFolder, options: ImportOptions) -> ImportedTask:
    files, elsewhere = copied_files(parts.dockerfile, parts.context, _secret(parts))
    image, paths = options.image or parts.image, ScriptPaths(parts.dockerfile.root)
    hidden = paths.files(parts.hidden, HIDDEN)
    if not image:
        raise TaskError(
            "neither a Dockerfile nor docker_image in task.toml names its image: choose one with --image"
        )
    gold, no_gold = _gold(parts.solution, files, image, paths)
    notes = {
        "image": parts.image,
        "not_run": parts.dockerfile.left_out,
        "not_copied": elsewhere,
        "no_gold": no_gold,
    }
    task = Task(
        id=safe_task_id(parts.name),
        instruction=parts.instruction.strip(),
        source=folder_source(files),
        gold_patch=gold,
        tests=parts.plan.model_copy(update={"hidden": folder_source(hidden)}),
        image=image,
        limits=_limits(parts.facts),
        metadata=metadata(parts.facts, options, format="harbor", language="", **notes),
    )
    return with_folders(task, files, hidden)


def _tests(root: Path) -> dict[str, File]:
    files = {f"tests/{path}": file for path, file in read_tree(path_inside(root, "tests")).items()}
    return as_scripts(files, "tests/test.sh")


def _secret(parts: _TaskFolder) -> set[bytes]:
    """Return the contents of files that no agent may see, whatever names a Dockerfile gives to copies of them."""
    tests = {path: file for path, file in parts.hidden.items() if _TEST.search(path)}
    solution = {parts.solution.script: parts.solution.files[parts.solution.script]} if parts.solution else {}
    return {file.content for file in (tests | solution).values() if file.content.strip()}


def _gold(solution: Solution | None, files: Files, image: str, paths: ScriptPaths) -> tuple[str, str]:
    """Return the gold patch, or an empty one and the reason."""
    if solution is None:
        return "", "the task has no solution"
    if image not in image_names():
        return "", f"codegym has no image {image}"
    try:
        return gold_patch(solution, files, image, paths), ""
    except TaskError as error:
        return "", str(error)


def _limits(facts: dict[str, Any]) -> Limits:
    environment, agent, verifier = (facts.get(name, {}) for name in ("environment", "agent", "verifier"))
    default = Limits()
    return Limits(
        episode_seconds=float(
            agent.get("timeout_sec") or facts.get("max_agent_timeout_sec") or default.episode_seconds
        ),
        grade_seconds=float(
            verifier.get("timeout_sec") or facts.get("max_test_timeout_sec") or default.grade_seconds
        ),
        memory_mb=int(environment.get("memory_mb") or _megabytes(environment.get("memory")) or default.memory_mb),
        turns=100,
    )


def _megabytes(size: Any) -> int:
    """Return a size such as ``2G`` or ``512M`` in MB; 0 if there is none."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([MG])i?B?", str(size or ""), re.IGNORECASE)
    return int(float(match[1]) * {"M": 1, "G": 1024}[match[2].upper()]) if match else 0


def _terminal_solution(root: Path) -> Solution | None:
    if (root / "solution.sh").is_file():
        script = {"solution.sh": File(_existing(root, "solution.sh").read_bytes())}
        return Solution(as_scripts(script, "solution.sh"), "solution.sh")
    if (root / "solution.yaml").is_file():
        commands = [str(step["command"]) for step in _yaml(root, "solution.yaml")]
        script = {"solution.sh": File("\n".join(["set -e", *commands, ""]).encode())}
        return Solution(as_scripts(script, "solution.sh"), "solution.sh")
    return None


def _dockerfile(root: Path, name: str) -> Dockerfile:
    """Return the Dockerfile, or an empty one: a task whose image exists already needs none."""
    return read_dockerfile(_text(root, name)) if (root / name).is_file() else Dockerfile()


def _text(root: Path, name: str) -> str:
    return _existing(root, name).read_text()


def _existing(root: Path, name: str) -> Path:
    if not path_inside(root, name).is_file():
        raise TaskError(f"there is no {name}")
    return root / name


def _yaml(root: Path, name: str) -> Any:
    try:
        import yaml  # type: ignore[import-untyped]  # noqa: PLC0415 - for Terminal-Bench only
    except ImportError as error:
        raise ConfigError(f"pyyaml is needed to read {root / name}: pip install pyyaml") from error
    try:
        return yaml.safe_load(_text(root, name))
    except yaml.YAMLError as error:
        raise TaskError(f"{name}: {error}") from error
