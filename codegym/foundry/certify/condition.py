"""The conditions of repeated runs: the order of tests, the hash seed, the date, and a busy processor.

A test whose result depends on one of these is flaky, whatever the code under test does. A plain repetition seldom
shows it, since all boxes are alike: the same hash seed, an idle processor, today's date.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from codegym.catalog import cache_dir
from codegym.digest import digest_json
from codegym.errors import SandboxError
from codegym.sandbox.host.lease import draft_folder
from codegym.sandbox.protocol import WORKDIR, Backend, Changes, ExecResult, File, Sandbox, Snapshot, Spawns, Tree
from codegym.sandbox.runner.build import compiler
from codegym.task import Frozen, Limits, TestPlan
from codegym.tree import store_tree

_INBOX = Path(__file__).parent / "inbox"
_FOLDER = "codegym_conditions"
_MEMORY = "/tmp/.codegym-memory"  # noqa: S108  a path in the box
_FUTURE = "from __future__ import annotations\n"
_DAY = 86400


class Condition(Frozen):
    """How one repetition differs: a seed for the order of tests, one for hashes, the days that the date is moved
    ahead, and whether another process keeps the processor busy (``loaded``).
    """

    order: int
    hash_seed: int
    days: float
    loaded: bool


def conditions(count: int) -> tuple[Condition, ...]:
    """Return ``count`` conditions, all different. In every second one the processor is busy."""
    days = (1.3, 200.6, 731.9)
    return tuple(
        Condition(order=n, hash_seed=n, days=days[n % 3] + (n // 3) * 17, loaded=n % 2 == 0)
        for n in range(1, count + 1)
    )


class ConditionedBox(Sandbox):
    """A box that runs every command under a :class:`Condition`; all else is passed on to the box ``inner``."""

    def __init__(self, inner: Sandbox, condition: Condition) -> None:
        self.inner = inner
        self._extra = {"PYTHONHASHSEED": str(condition.hash_seed), "CODEGYM_CLOCK": f"{condition.days * _DAY:.0f}"}
        self._extra["LD_PRELOAD"] = f"{WORKDIR}/{_FOLDER}/clock.so"

    def exec(
        self,
        command: str | Sequence[str],
        *,
        timeout: float | None = None,
        cwd: str = WORKDIR,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> ExecResult:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        mixed = {**(env or {}), **self._extra}
        return self.inner.exec(command, timeout=timeout, cwd=cwd, env=mixed, stdin=stdin)

    def read(self, path: str) -> bytes:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        return self.inner.read(path)

    def write(self, path: str, content: bytes, *, executable: bool = False) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        self.inner.write(path, content, executable=executable)

    def remove(self, path: str) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        self.inner.remove(path)

    def snapshot(self) -> Snapshot:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        return self.inner.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        self.inner.restore(snapshot)

    def fork(self) -> Sandbox:
        """See :class:`~codegym.sandbox.protocol.Sandbox`; the fork is under no condition."""
        return self.inner.fork()

    def open_base(self) -> Sandbox:
        """See :class:`~codegym.sandbox.protocol.Sandbox`; that box is under no condition."""
        return self.inner.open_base()

    def changes(self) -> Changes:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        return self.inner.changes()

    def close(self) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        self.inner.close()


class ServingBox(ConditionedBox):
    """A conditioned box that can run services, like the one inside."""

    inner: Sandbox

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> int:
        """See :class:`~codegym.sandbox.protocol.Spawns`."""
        if not isinstance(self.inner, Spawns):
            raise SandboxError("this box can't run services: use a backend that can, such as bwrap")
        return self.inner.spawn(argv, {**(env or {}), **self._extra})


def open_conditioned(
    backend: Backend, tree: Tree, image: str, limits: Limits, condition: Condition
) -> ConditionedBox:
    """Open a box with ``tree`` under ``condition``, whose files are in a folder laid over the tree."""
    layer = _layer(condition.order, cache_dir())
    over = Tree((layer, *tree.layers), digest_json([layer.name, tree.digest]))
    inner = backend.open(over, image, limits)
    return ServingBox(inner, condition) if isinstance(inner, Spawns) else ConditionedBox(inner, condition)


def conditioned_plan(plan: TestPlan) -> TestPlan:
    """Return ``plan`` with the plugin that shuffles tests, if the framework is pytest."""
    if plan.framework != "pytest":
        return plan
    return plan.model_copy(update={"command": f"{plan.command} -p {_FOLDER}.order".strip()})


def start_load(box: ConditionedBox) -> int:
    """Keep a processor of ``box`` busy. Returns the id of the process, or 0 if the box can't run services."""
    return box.spawn(["sh", "-c", "while :; do :; done"]) if isinstance(box, ServingBox) else 0


def most_memory(box: ConditionedBox, load: int = 0) -> float | None:
    """Return the most memory in MB that one process used since the last call; ``None`` if no process recorded it.

    ``load`` is the process of :func:`start_load`, which is killed.
    """
    script = f"[ $1 = 0 ] || kill -9 $1; cat {_MEMORY} && rm {_MEMORY}"
    words = box.inner.exec(["sh", "-c", script, "sh", str(load)], cwd="/").stdout.split()
    kib = [int(word) for word in words if word.isdigit()]
    return round(max(kib) / 1024, 1) if kib else None


@lru_cache(maxsize=64)
def _layer(order: int, _: Path) -> Path:
    plugin = f"{_FUTURE}SEED = {order}\n" + (_INBOX / "order.py").read_text().replace(_FUTURE, "")
    files = {f"{_FOLDER}/order.py": File(plugin.encode()), f"{_FOLDER}/clock.so": File(_clock())}
    return store_tree(files)


@lru_cache(maxsize=1)
def _clock() -> bytes:
    cc = compiler()
    if cc is None:
        raise SandboxError(
            "a C compiler is needed to build clock.so, which moves the date: apt-get install gcc libc6-dev"
        )
    with draft_folder() as folder:
        out = folder / "clock.so"
        argv = [cc, "-shared", "-fPIC", "-O2", "-o", str(out), str(_INBOX / "clock.c")]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SandboxError(f"{cc} could not build clock.so, which moves the date: {done.stderr[-1000:]}")
        return out.read_bytes()
