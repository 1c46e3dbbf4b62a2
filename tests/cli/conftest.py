"""The command line in this process, with what it writes to either stream and its exit code."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from codegym.cli.app import main
from codegym.sandbox.backend import backend
from codegym.suite import Suite


@dataclass(frozen=True)
class Ran:
    """One command line that was carried out."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.out)


Cli = Callable[..., Ran]


def run(*arguments: object, typed: str = "") -> Ran:
    out, err, stdin = io.StringIO(), io.StringIO(), sys.stdin
    sys.stdin = io.StringIO(typed)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = main([str(argument) for argument in arguments])
    finally:
        sys.stdin = stdin
    return Ran(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def cli(mini: Suite) -> Cli:  # so that it finds the suite `mini`
    return run


@pytest.fixture(scope="session")
def sandbox() -> str:
    """The embedded backend where it works, else the fake one."""
    able = next(c for c in backend("bwrap").capabilities() if c.name == "run")
    return "bwrap" if able.available else "fake"


@pytest.fixture(scope="session")
def measured(cli: Cli, sandbox: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the episodes and entries of two policies that were evaluated."""
    folder = tmp_path_factory.mktemp("runs") / "measured"
    for policy in ("noop", "gold"):
        more = ("--resume", "--no-publish", "--sandbox", sandbox, "--workers", 3, "--json")
        ran = cli("eval", "mini", "--samples", 2, "--policy", policy, "--out", folder, *more)
        assert ran.code == 0, ran.err
        assert ran.value["scores"]["pass@1"]["value"] == (policy == "gold")
    return folder
