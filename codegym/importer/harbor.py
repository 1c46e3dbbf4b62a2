"""Harbor's and Terminal-Bench's task folders: an instruction, an environment, a solution, a script that judges.

Harbor has ``task.toml``, ``instruction.md``, ``environment/``, ``solution/solve.sh`` and ``tests/test.sh``, which
leaves a reward in ``/logs/verifier``. Terminal-Bench has ``task.yaml``, ``Dockerfile``, ``solution.sh`` (or
``.yaml``) and ``run-tests.sh``, whose pytest log decides.

The environment is a Docker image. A task names it; with an image of ours in its place, the files that the
Dockerfile copies into its working folder are the repository, and scripts find their absolute paths (``/app``,
``/tests``, ``/logs``) where a box may have them. A folder that codegym exported is read back whole.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegym.errors import ConfigError, TaskError
from codegym.importer.dockerfile import Dockerfile, copied_files, read_dockerfile
from codegym.importer.harbor_own import own_task
from codegym.importer.harbor_solution import Solution, gold_patch
from codegym.importer.imported import Imported, Wishes, folder, metadata, placed, task_id
from codegym.importer.kit_text import kit
from codegym.importer.place import LOGS, Places
from codegym.sandbox.image import image_names
from codegym.sandbox.protocol import File
from codegym.task import Limits, Task, TestPlan
from codegym.tree import Files, read_tree

HIDDEN = ".codegym"
"""Where the verifier lies in a box while it runs, below the repository."""


def harbor(path: Path, wishes: Wishes) -> Iterator[Imported]:
    """Yield the tasks below ``path``, sorted: every folder with a ``task.toml`` or a ``task.yaml``."""
    found = sorted(file.parent for name in ("task.toml", "task.yaml") for file in path.rglob(name))
    if not found:
        raise ConfigError(f"{path} holds no task: a folder with a task.toml or a task.yaml")
    for root in found:
        yield _harbor_task(root, wishes) if (root / "task.toml").is_file() else _terminal_task(root, wishes)


@dataclass(frozen=True)
class _Read:
    """What a task's folder says, whichever of the two forms it has."""

    name: str
    facts: dict[str, Any]
    image: str
    instruction: str
    dockerfile: Dockerfile
    context: Path
    plan: TestPlan
    hidden: Files
    solution: Solution | None


def _harbor_task(root: Path, wishes: Wishes) -> Imported:
    facts = _toml(root / "task.toml")
    if "codegym" in facts.get("metadata", {}):
        return own_task(root, facts["metadata"]["codegym"], facts, wishes)
    built = read_dockerfile(_text(root / "environment" / "Dockerfile"))
    tests = {f"tests/{path}": file for path, file in read_tree(root / "tests").items()}
    command = f"sh {HIDDEN}/verify.sh {HIDDEN}/tests/test.sh {LOGS}/verifier"
    solved = (root / "solution" / "solve.sh").is_file()
    read = _Read(
        name=root.name,
        facts=facts,
        image=str(facts.get("environment", {}).get("docker_image") or built.base),
        instruction=_text(root / "instruction.md"),
        dockerfile=built,
        context=root / "environment",
        plan=_plan(("reward",), command),
        hidden=tests | {"verify.sh": File(kit("verify.sh").encode())},
        solution=Solution(read_tree(root / "solution"), "solve.sh") if solved else None,
    )
    return _task(read, wishes)


def _terminal_task(root: Path, wishes: Wishes) -> Imported:
    facts = _yaml(root / "task.yaml")
    built = read_dockerfile(_text(root / "Dockerfile"))
    tests = {f"tests/{path}": file for path, file in read_tree(root / "tests").items()}
    ids = tuple(
        name for path, file in sorted(tests.items()) if path.endswith(".py") for name in _tests(path, file)
    )
    command = f"python3 {HIDDEN}/log_tap.py pytest_names 'bash {HIDDEN}/tests/run-tests.sh'"
    script = File(_text(root / "run-tests.sh").encode())
    read = _Read(
        name=root.name,
        facts=facts,
        image=built.base,
        instruction=str(
            facts.get("instruction") or (facts.get("descriptions") or [{}])[0].get("description") or ""
        ),
        dockerfile=built,
        context=root,
        plan=_plan(ids, f"TEST_DIR=$PWD/{HIDDEN}/tests {command}"),
        hidden=tests | {"tests/run-tests.sh": script, "log_tap.py": File(kit("log_tap.py").encode())},
        solution=_terminal_solution(root),
    )
    return _task(read, wishes)


def _plan(ids: tuple[str, ...], command: str) -> TestPlan:
    return TestPlan(framework="tap", fail_to_pass=ids, command=command, protected=(f"{HIDDEN}/**",))


def _task(read: _Read, wishes: Wishes) -> Imported:
    files, elsewhere = copied_files(read.dockerfile, read.context)
    image, places = wishes.image or read.image, Places(read.dockerfile.root)
    hidden = places.files(read.hidden, HIDDEN)
    ours = image in image_names()
    gold = gold_patch(read.solution, files, image, places) if ours and read.solution is not None else ""
    told = {"image": read.image, "not_run": read.dockerfile.left_out, "not_copied": elsewhere}
    task = Task(
        id=task_id(read.name),
        instruction=read.instruction.strip(),
        source=folder(files),
        gold_patch=gold,
        tests=read.plan.model_copy(update={"hidden": folder(hidden)}),
        image=image,
        limits=_limits(read.facts),
        metadata=metadata(read.facts, wishes, format="harbor", language="", **told),
    )
    return placed(task, files, hidden)


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
        memory_mb=int(environment.get("memory_mb") or default.memory_mb),
        turns=100,
    )


def _terminal_solution(root: Path) -> Solution | None:
    if (root / "solution.sh").is_file():
        return Solution({"solution.sh": File((root / "solution.sh").read_bytes())}, "solution.sh")
    if (root / "solution.yaml").is_file():
        commands = [str(step["command"]) for step in _yaml(root / "solution.yaml")]
        return Solution({"solution.sh": File("\n".join(["set -e", *commands, ""]).encode())}, "solution.sh")
    return None


def _tests(path: str, file: File) -> list[str]:
    functions = [node for node in ast.parse(file.content).body if isinstance(node, ast.FunctionDef)]
    return [f"{path.rpartition('/')[2]}::{node.name}" for node in functions if node.name.startswith("test")]


def _text(path: Path) -> str:
    if not path.is_file():
        raise TaskError(f"there is no {path}")
    return path.read_text()


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise TaskError(f"{path}: {error}") from error


def _yaml(path: Path) -> Any:
    try:
        import yaml  # type: ignore[import-untyped]  # noqa: PLC0415 - for Terminal-Bench only
    except ImportError as error:
        raise ConfigError(f"to read {path}: pip install pyyaml") from error
    try:
        return yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise TaskError(f"{path}: {error}") from error
