"""Combined bugs are in two files or in one, and every part of the repair is needed."""

from __future__ import annotations

from codegym.foundry.draft.bounds import Bounds
from codegym.foundry.draft.candidates import alternated
from codegym.foundry.draft.combined import PART_IS_ENOUGH, combined_drafts, parts_alone, why_not_whole
from codegym.foundry.draft.draft import Draft, LocatedMutation
from codegym.foundry.draft.trial import Trial
from codegym.foundry.draft.try_drafts import TriedDraft
from codegym.foundry.repository.calls import CallGraph
from codegym.foundry.repository.reach import Reach
from codegym.mutate import mutations
from codegym.sandbox.protocol import File

TEXTS = {
    "a.py": "def load(x):\n    return parse(x) + 1\n\n\ndef other(x):\n    return x + 2\n",
    "b.py": "def parse(x):\n    return x + 3\n",
    "c.py": "def far(x):\n    return x + 4\n",
}
FILES = {path: File(text.encode()) for path, text in TEXTS.items()}
GRAPH = CallGraph(TEXTS, FILES, Reach((), {}))


def tried(path: str, function: str, *failed: str) -> TriedDraft:
    chosen = next(m for m in mutations(TEXTS[path]) if m.function == function)
    located = LocatedMutation(path, chosen, 1, 2)
    return TriedDraft(Draft("mutation", (located,), failed), Trial(failed=failed, passed=("p",)))


NOTICED = [
    tried("a.py", "load", "t1"),
    tried("a.py", "other", "t2"),
    tried("b.py", "parse", "t3"),
    tried("c.py", "far", "t2", "t4"),
]


def test_pairs_across_files_come_first_and_those_that_call_each_other_before_others() -> None:
    drafts = list(combined_drafts(NOTICED, Bounds(), graph=GRAPH, most=40))
    functions = [[located.mutation.function for located in draft.mutations] for draft in drafts]
    assert functions[0] == ["load", "parse"]
    assert sorted(functions[1]) == ["load", "other"]
    assert functions[2] == ["other", "far"]
    assert all(len({located.path for located in draft.mutations}) <= 2 for draft in drafts)
    kinds = {draft.mutations[0].mutation.operator for draft in drafts}
    assert kinds <= {key for draft in drafts for key, _ in draft.bounds}


def test_every_part_of_the_repair_is_needed() -> None:
    draft = next(combined_drafts(NOTICED, Bounds(), graph=GRAPH, most=40))
    breaks = Trial(failed=("t1",), passed=("p",))
    assert why_not_whole(draft, lambda _: breaks) == ""
    hidden = parts_alone(draft)[1].key
    unnoticed = Trial(refused="unnoticed")
    assert why_not_whole(draft, lambda part: unnoticed if part.key == hidden else breaks) == PART_IS_ENOUGH
    assert why_not_whole(draft, lambda _: Trial(refused="timeout")) == "timeout"


def test_alternating_ends_with_what_is_left() -> None:
    assert list(alternated("abc", "1")) == ["a", "1", "b", "c"]
