"""Fits the weights of codegym/tool/compact/likelihood.py to the train split of pyrepair and prints them.

    python examples/fit_likelihood.py [every nth task, default 2]

For each task the visible tests are traced and all edits of the suspects listed; the weights maximise the
likelihood, under a softmax over a task's edits, of those that the gold patch makes. Takes about a second a task.
"""

from __future__ import annotations

import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import torch

from codegym.catalog import cache_dir
from codegym.harness.cache import ResultCache
from codegym.mutate import OPERATORS
from codegym.patch import changed_lines
from codegym.sandbox.backend import backend
from codegym.suite import Suite, load_suite
from codegym.task import Task
from codegym.tool.call import ToolError
from codegym.tool.compact import likelihood, suggest
from codegym.tool.compact.excerpt import Suspect
from codegym.tool.compact.locate import suspects_of
from codegym.tool.workbench import Workbench

RIDGE = 0.02
RARE = 1


@dataclass
class Edits:
    """All edits of one task: facts (edits, facts), operators (edits), and which are gold (edits)."""

    facts: torch.Tensor
    kinds: list[str]
    gold: torch.Tensor


def gold_lines(task: Task) -> tuple[str, str] | None:
    """Return the one line that the gold patch replaces, before and after; ``None`` if it does anything else."""
    changed = changed_lines(task.gold_patch)
    old, new = ([line[1:] for line in changed if line.startswith(sign)] for sign in "-+")
    return (old[0], new[0]) if len(old) == len(new) == 1 else None


def edits_of(suite: Suite, task: Task) -> Edits | None:
    """Return a task's edits; ``None`` where none of them is the repair."""
    with backend("bwrap").open(suite.tree(task), task.image, task.limits) as box:
        bench = Workbench(box, suite, task, ResultCache(cache_dir() / "results"))
        try:
            suspects, _, _ = suspects_of(bench)
        except ToolError:
            return None
        sources = {suspect.path: bench.read(suspect.path).split("\n") for suspect in suspects}
    rows, kinds, gold = [], [], []
    for place, suspect in enumerate(suspects):
        for edit, kind in suggest.edits_of_function(suspect, sources[suspect.path]):
            rows.append(list(likelihood.facts(suspects, place, edit.line, edit.before).values()))
            kinds.append(kind)
            gold.append((edit.before, edit.after) == gold_lines(task) and edit.path == task.metadata["file"])
    return Edits(torch.tensor(rows), kinds, torch.tensor(gold)) if any(gold) else None


def fit(data: list[Edits], kinds: list[str], prior: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the weights of facts and of operators."""
    number = {kind: i for i, kind in enumerate(kinds)}
    places = [torch.tensor([number[kind] for kind in edits.kinds]) for edits in data]
    scale = torch.cat([edits.facts for edits in data]).std(0) + 1e-6
    weights, biases = torch.zeros(len(scale), requires_grad=True), prior.clone().requires_grad_()
    optimizer = torch.optim.Adam([weights, biases], lr=0.05)
    for _ in range(400):
        loss = RIDGE * (weights.square().sum() + (biases - prior).square().sum() / 5)
        for edits, place in zip(data, places, strict=True):
            scores = (edits.facts / scale) @ weights + biases[place]
            loss = loss - (scores[edits.gold].logsumexp(0) - scores.logsumexp(0)) / len(data)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return (weights / scale).detach(), biases.detach()


def main() -> None:
    """Collect, fit, print."""
    suite = load_suite("pyrepair")
    tasks = suite.split("train")[:: int(sys.argv[1]) if sys.argv[1:] else 2]
    likelihood.KINDS.update(dict.fromkeys(OPERATORS, 0.0))
    with ThreadPoolExecutor(4) as pool:
        found = [edits for edits in pool.map(partial(edits_of, suite), tasks) if edits]
    made, right = Counter[str](), Counter[str]()
    for edits in found:
        made.update(edits.kinds)
        right.update(kind for kind, gold in zip(edits.kinds, edits.gold.tolist(), strict=True) if gold)
    kinds = sorted(kind for kind, count in right.items() if count >= RARE)
    prior = torch.tensor([(right[kind] + 0.2) / (made[kind] + 20) for kind in kinds]).log()
    kept = [few(edits, set(kinds)) for edits in found]
    weights, biases = fit([edits for edits in kept if edits.gold.any()], kinds, prior)
    names = list(likelihood.facts([Suspect("", "", 1, 1)], 0, 1, ""))
    print(f"# {len(tasks)} tasks, {len(found)} with the repair among their edits")
    print("WEIGHTS =", {name: round(value, 2) for name, value in zip(names, weights.tolist(), strict=True)})
    print("KINDS =", {kind: round(value, 2) for kind, value in zip(kinds, biases.tolist(), strict=True)})


def few(edits: Edits, kinds: set[str]) -> Edits:
    """Return the edits by operators in ``kinds`` only."""
    keep = [i for i, kind in enumerate(edits.kinds) if kind in kinds]
    return Edits(edits.facts[keep], [edits.kinds[i] for i in keep], edits.gold[keep])


if __name__ == "__main__":
    main()
