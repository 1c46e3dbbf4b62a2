"""A budget of seconds is one budget, however often training is interrupted."""

import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.train


def fit(folder: Path, budget: Any, steps: int, last: Path | None = None) -> None:
    import torch
    import transformers

    class Line(torch.nn.Module):  # type: ignore[misc,name-defined]
        """A model of one number."""

        def __init__(self) -> None:
            super().__init__()
            self.slope = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x: Any, labels: Any) -> dict[str, Any]:
            return {"loss": ((self.slope * x - labels) ** 2).mean()}

    args = transformers.TrainingArguments(
        output_dir=str(folder), max_steps=steps, save_steps=2, report_to="none", disable_tqdm=True, use_cpu=True
    )
    rows = [{"x": torch.ones(1), "labels": torch.ones(1)}] * 64
    trainer = transformers.Trainer(model=Line(), args=args, train_dataset=rows, callbacks=[budget])
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train(resume_from_checkpoint=last and str(last))


def test_a_resumed_run_has_what_is_left_of_its_budget(tmp_path: Path) -> None:
    pytest.importorskip("trl", reason="needs the train extra")
    from codegym.train.algorithm.budget import Budget

    fit(tmp_path, Budget(1000.0), 2)
    checkpoint = tmp_path / "checkpoint-2"
    path = checkpoint / "trainer_state.json"
    state = json.loads(path.read_text())
    spent = state["stateful_callbacks"]["Budget"]["attributes"]
    assert 0 < spent["spent"] < 1000
    spent["spent"] = 600.0
    path.write_text(json.dumps(state))
    shares: list[float] = []
    fit(tmp_path, Budget(1000.0, lambda share, _: shares.append(share)), 4, checkpoint)
    assert len(shares) == 2
    assert all(0.6 <= share < 1 for share in shares)
    later = json.loads((tmp_path / "checkpoint-4" / path.name).read_text())["stateful_callbacks"]["Budget"]
    assert later["attributes"]["spent"] >= 600
