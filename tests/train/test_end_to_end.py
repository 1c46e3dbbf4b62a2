"""A run from the command line: train, rank, play with what was trained."""

from pathlib import Path

import pytest

from tests.cli.conftest import run as cli
from tests.train.conftest import EVALUATE, GRPO, Train, WriteRun

pytestmark = pytest.mark.train


@pytest.mark.slow
def test_a_run_is_trained_ranked_and_played(
    train: Train, write_run: WriteRun, tmp_path: Path, model: Path
) -> None:
    path = write_run(EVALUATE.format(name="before"), GRPO, EVALUATE.format(name="after"), model=model)
    out, script = tmp_path / "out", tmp_path / "script"
    options = ("--split", "train", "--samples", "2", "--sandbox", "fake", "--dialect", "line", "--out", script)
    assert cli("eval", "mini", "--policy", "noop", *options).code == 0
    path.write_text(path.read_text().replace("[eval]", f'[eval]\nagainst = ["{script}"]'))
    trained = cli("train", path, "--out", out, "--json")
    assert trained.code == 0, trained.err
    summary = trained.value
    assert (summary["suite"], summary["split"], summary["tasks"], summary["infra_errors"]) == (
        "mini",
        "train",
        2,
        0,
    )
    assert {"before", "grpo", "after", "all"} == set(summary["seconds"])
    assert summary["against"]["noop"]["pass@1"] == summary["after"]["pass@1"]
    again = cli("train", path, "--out", out, "--resume")
    assert again.code == 0, again.err
    assert all(word in again.out for word in ("before", "after", "gain, in points", "pass@1", "against noop"))
    assert "--resume" in cli("train", path, "--out", out).err
    curve = cli("curve", out, "--json")
    assert curve.code == 0, curve.err
    assert [(row["first"], row["episodes"], row["k"]) for row in curve.value] == [(0, 4, 2), (1, 4, 2)]
    assert all(0 <= row["teaching"] <= row["pass_k"] <= 1 and row["turns"] > 0 for row in curve.value)
    assert "groups that teach" in cli("curve", out, "--points", "1").out
    assert "no phase 'before' with GRPO" in cli("curve", out, "--phase", "before").err
    ranked = cli("board", "--folder", out)
    assert ranked.code == 0, ranked.err
    assert all(policy in (out / "README.md").read_text() for policy in ("mini-after", "noop"))
    for policy, name in (("policy-after", "mini-after"), ("phases/02-grpo/policy", "mini-grpo")):
        more = ("--split", "train", "--sandbox", "fake", "--out", tmp_path / name, "--json")
        played = cli("run", "mini", "--policy", f"local:{out / policy}", *more)
        assert played.code == 0, played.err
        assert f"{out / 'config.toml'} trained it: dialect line, 4 turns" in played.err
        assert name in (tmp_path / name / "setting.json").read_text()


def test_a_wrong_file_is_refused_before_torch_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("[trl]\nmax_steps = 3\n")
    refused = cli("train", tmp_path / "run.toml", "--out", tmp_path / "out")
    assert refused.code != 0
    assert "max_steps = 3" in refused.err
    assert not (tmp_path / "out").exists()
