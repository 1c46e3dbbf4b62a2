"""Under which conditions a repeated run happens: another order of tests, hash seed, date, and company.

A test whose result depends on one of these is flaky, whatever the code under test does. A plain repetition
seldom shows it, since boxes are so much alike: the same hash seed, an idle processor, today's date.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from codegym.catalog import cache_dir
from codegym.digest import digest_json
from codegym.errors import SandboxError
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
    """How one repetition differs: a seed for the order of tests, one for hashes, days ahead, a busy neighbour."""

    order: int
    hash_seed: int
    days: float
    loaded: bool


def conditions(count: int) -> tuple[Condition, ...]:
    """Return ``count`` conditions, all different; every second one has company that keeps a processor busy."""
    days = (1.3, 200.6, 731.9)
    return tuple(
        Condition(order=n, hash_seed=n, days=days[n % 3] + (n // 3) * 17, loaded=n % 2 == 0)
        for n in range(1, count + 1)
    )


class ConditionedBox(Sandbox):
    """A box in which every command meets a :class:`Condition`; otherwise it is the box inside."""

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
        """See :class:`~codegym.sandbox.protocol.Sandbox`; the fork meets no condition."""
        return self.inner.fork()

    def open_base(self) -> Sandbox:
        """See :class:`~codegym.sandbox.protocol.Sandbox`; that box meets no condition."""
        return self.inner.open_base()

    def changes(self) -> Changes:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        return self.inner.changes()

    def close(self) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        self.inner.close()


class ServingBox(ConditionedBox):
    """A conditioned box that can hold services, as the one inside can."""

    inner: Sandbox

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> int:
        """See :class:`~codegym.sandbox.protocol.Spawns`."""
        if not isinstance(self.inner, Spawns):
            raise SandboxError("this box can't hold services")
        return self.inner.spawn(argv, {**(env or {}), **self._extra})


def open_conditioned(
    backend: Backend, tree: Tree, image: str, limits: Limits, condition: Condition
) -> ConditionedBox:
    """Open a box with ``tree`` under ``condition``. What brings it about lies in a folder on top of the tree."""
    layer = _layer(condition.order, cache_dir())
    over = Tree((layer, *tree.layers), digest_json([layer.name, tree.digest]))
    inner = backend.open(over, image, limits)
    return ServingBox(inner, condition) if isinstance(inner, Spawns) else ConditionedBox(inner, condition)


def conditioned_plan(plan: TestPlan) -> TestPlan:
    """Return ``plan`` with the plugin that shuffles, where the framework is pytest."""
    if plan.framework != "pytest":
        return plan
    return plan.model_copy(update={"command": f"{plan.command} -p {_FOLDER}.order".strip()})


def keep_company(box: ConditionedBox) -> int:
    """Keep a processor busy in ``box``, where boxes can hold services; returns who does (0: nobody)."""
    return box.spawn(["sh", "-c", "while :; do :; done"]) if isinstance(box, ServingBox) else 0


def most_memory(box: ConditionedBox, company: int = 0) -> float | None:
    """Return the most memory in MB that one process held since the last call, ``None`` where none said so.

    The ``company`` that was kept is sent away.
    """
    script = f"[ $1 = 0 ] || kill -9 $1; cat {_MEMORY} && rm {_MEMORY}"
    said = box.inner.exec(["sh", "-c", script, "sh", str(company)], cwd="/").stdout.split()
    held = [int(word) for word in said if word.isdigit()]
    return round(max(held) / 1024, 1) if held else None


@lru_cache(maxsize=64)
def _layer(order: int, _: Path) -> Path:
    plugin = f"{_FUTURE}SEED = {order}\n" + (_INBOX / "order.py").read_text().replace(_FUTURE, "")
    files = {f"{_FOLDER}/order.py": File(plugin.encode()), f"{_FOLDER}/clock.so": File(_clock())}
    return store_tree(files)


@lru_cache(maxsize=1)
def _clock() -> bytes:
    cc = compiler()
    if cc is None:
        raise SandboxError("no C compiler to build what moves the date with: apt-get install gcc libc6-dev")
    with tempfile.TemporaryDirectory(prefix="codegym-clock-") as folder:
        out = Path(folder) / "clock.so"
        argv = [cc, "-shared", "-fPIC", "-O2", "-o", str(out), str(_INBOX / "clock.c")]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SandboxError(f"{cc} could not build what moves the date: {done.stderr[-1000:]}")
        return out.read_bytes()
