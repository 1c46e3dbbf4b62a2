"""The demo's path in miniature, without training: forge a suite from a package, build it, measure, rank."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codegym.foundry.recipe.make_lock import lock
from codegym.sandbox.backend import backend


def codegym(root: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": str(root.parent)}
    command = [sys.executable, "-c", "from codegym.cli import app; app()", *argv]
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=240, check=False)


@pytest.mark.slow
def test_from_a_package_to_a_board(recipe_root: Path, tmp_path: Path) -> None:
    bwrap = backend("bwrap")
    run = next(c for c in bwrap.capabilities() if c.name == "run")
    if not run.available:
        pytest.skip(f"bwrap: {run.why}")
    lock(recipe_root, bwrap)
    out = tmp_path / "run"
    built = codegym(recipe_root, "build", "tiny")
    assert built.returncode == 0, built.stderr
    more = ("--policy", "gold", "--samples", "1", "--out", str(out), "--json")
    measured = codegym(recipe_root, "eval", "tiny", "--split", "test", *more)
    assert measured.returncode == 0, measured.stderr
    entry = json.loads(measured.stdout)
    assert (entry["tasks"], entry["scores"]["pass@1"]["value"], entry["infra_errors"]) == (4, 1.0, 0)
    ranked = codegym(recipe_root, "board", "--folder", str(out))
    assert ranked.returncode == 0, ranked.stderr
    assert "gold" in (out / "README.md").read_text()
    assert (out / "index.html").stat().st_size > 2000
