"""The runs in examples/: everything that they ask for is there."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.train

EXAMPLES = sorted(Path("examples").glob("*.toml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_run_passes_its_checks(path: Path, tmp_path: Path) -> None:
    from codegym.progress.display import Display
    from codegym.train.config import load_config
    from codegym.train.run import open_run

    open_run(load_config(path), tmp_path / "run", Display()).check()
    assert not (tmp_path / "run").exists()
