"""At most so many tasks of a suite have the same function, and no two behave equally."""

from __future__ import annotations

from codegym.foundry.draft.bounds import Bounds
from codegym.foundry.draft.combined import combined_drafts
from codegym.foundry.draft.draft import Draft, LocatedMutation, function_bounds
from codegym.foundry.draft.trial import Trial
from codegym.foundry.draft.try_drafts import TriedDraft
from codegym.foundry.draft.variety import ALIKE, DUPLICATE, Variety
from codegym.foundry.repository.calls import CallGraph
from codegym.foundry.repository.reach import Reach
from codegym.mutate import mutations

SOURCE = """\
def clamp(value, low, high):
    def inside():
        return low < value
    if value < low:
        return low
    return min(value, high)


def total(values):
    found = 0
    for value in values:
        found += value
    return found
"""


def located(function: str, number: int = 0) -> LocatedMutation:
    chosen = [m for m in mutations(SOURCE) if m.function == function]
    return LocatedMutation("a.py", chosen[number], 1, 6, function.partition(".")[0])


def draft(operator: str, *places: LocatedMutation) -> Draft:
    return Draft(operator, places, (), tuple(function_bounds(places, Bounds())))


def trial(**symptoms: str) -> Trial:
    failed = {test: symptom for test, symptom in symptoms.items() if symptom}
    passed = tuple(test for test in symptoms if test not in failed)
    return Trial(failed=tuple(failed), passed=passed, symptoms=tuple(failed.values()))


def test_a_bound_of_a_function_holds_over_all_operators_and_the_functions_inside_it() -> None:
    variety, most = Variety(), Bounds().per_function
    operators = ["mutation", "removal", "combined", "chain"]
    for number in range(most):
        function = "clamp" if number % 2 else "clamp.inside"
        assert variety.admit(draft(operators[number % 4], located(function, number)), trial(a=f"{number}")) == ""
    assert variety.objection(draft("chain", located("clamp.inside"), located("total"))) == ALIKE
    assert variety.objection(draft("chain", located("total"))) == ""


def test_two_bugs_of_a_function_that_do_the_same_are_duplicates() -> None:
    variety = Variety()
    assert variety.admit(draft("mutation", located("clamp")), trial(a="x", b="y", c="")) == ""
    assert variety.admit(draft("mutation", located("clamp", 1)), trial(a="x", b="y", d="")) == DUPLICATE
    assert variety.admit(draft("mutation", located("clamp", 2)), trial(a="x", b="other", c="")) == ""
    assert variety.admit(draft("mutation", located("total")), trial(a="x", b="y", c="")) == ""


def test_bugs_that_no_common_test_notices_are_no_duplicates() -> None:
    variety = Variety()
    assert variety.admit(draft("mutation", located("clamp")), trial(a="x", c="")) == ""
    assert variety.admit(draft("mutation", located("clamp", 1)), trial(b="x", c="")) == ""


def test_a_draft_with_an_objection_is_not_tried() -> None:
    assert Variety().objection(Draft("removal", (located("total"),), (), objection="its twin remains")) == (
        "its twin remains"
    )


def test_combined_drafts_count_for_each_of_their_functions_and_kinds() -> None:
    noticed = [TriedDraft(draft("mutation", located(name)), trial(t="x")) for name in ("clamp", "total")]
    graph = CallGraph((), {}, Reach((), {}))
    (combined,) = combined_drafts(noticed, Bounds(), graph=graph, most=40)
    keys = {key for key, _ in combined.bounds}
    kinds = {m.mutation.operator for m in combined.mutations}
    assert {"a.py clamp", "a.py total"} | kinds < keys
