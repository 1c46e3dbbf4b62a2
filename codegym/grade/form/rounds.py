"""Decides which proposed forms are run together, so that a bank is made in few runs.

Forms of different test functions can share a run: each can only fail its own tests (:func:`try_in_rounds`). Rows
of a table share runs too, and the bits of their numbers show which row fails which tests (:func:`try_rows`). A
form whose tests are not known is run alone (:func:`try_one_by_one`).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence

from codegym.grade.form.edit import Edits, overlap
from codegym.grade.form.proposal import Proposal
from codegym.grade.form.trials import Trials

_ENOUGH_PLACES = 3
"""A test of a program needs no fourth place at which it can be made to fail: an exam uses one of them."""
_MOST_SINGLE_RUNS = 150
"""Each form that is run alone costs a run of all tests, and a large file has thousands of literals."""
_MOST_SECONDS = 60.0
"""If the tests are slow, even fewer forms are run alone: after a minute no further one is started."""

Variant = tuple[Proposal, Edits]
"""A proposal, and one of its variants."""


def try_in_rounds(trials: Trials, proposals: Sequence[Proposal]) -> None:
    """Run all variants of ``proposals``, in each run one for every test function or parametrized case.

    Each can only fail the tests of its function or case. The cases of a function wait until its body has no
    variant left, since a changed body fails them all. A case that several functions share is run alone.
    """
    queues: dict[tuple[str, str, int | None], list[Variant]] = defaultdict(list)
    for proposal in proposals:
        if proposal.is_shared_case:
            for edits in proposal.variants:
                _try_together(trials, [(proposal, edits)])
            continue
        queues[proposal.path, proposal.owner, proposal.case] += [(proposal, edits) for edits in proposal.variants]
    while any(queues.values()):
        together: list[Variant] = []
        bodies = {(path, owner) for (path, owner, case), queue in queues.items() if queue and case is None}
        for (path, owner, case), queue in queues.items():
            is_ready = queue and (case is None or (path, owner) not in bodies)
            if is_ready and not any(_collide(queue[0], other) for other in together):
                together.append(queue.pop(0))
        _try_together(trials, together)


def _try_together(trials: Trials, variants: Sequence[Variant]) -> None:
    """Run ``variants`` in one run, and keep those that fail tests; split them if the run does not end in order."""
    together = [variant for variant in variants if not _keep_shared_result(trials, *variant)]
    if not together:
        return
    ids = tuple(dict.fromkeys(test for proposal, _ in together for test in proposal.tests))
    run = trials.run([(proposal.path, edits) for proposal, edits in together], ids)
    if not run.complete and len(together) > 1:
        half = len(together) // 2
        _try_together(trials, together[:half])
        _try_together(trials, together[half:])
    elif run.complete:
        failed = trials.failed_tests(run)
        for proposal, edits in together:
            trials.keep(proposal, edits, failed.intersection(proposal.tests))
            results = trials.shared_result(proposal.path, edits)
            results |= {test: test in failed for test in proposal.tests}


def _keep_shared_result(trials: Trials, proposal: Proposal, edits: Edits) -> bool:
    """Keep a form that was run for another task with the same tree; return whether it was."""
    results = trials.shared_result(proposal.path, edits)
    if not results.keys() >= set(proposal.tests):
        return False
    trials.keep(proposal, edits, [test for test in proposal.tests if results[test]])
    return True


def _collide(one: Variant, other: Variant) -> bool:
    """Return whether two variants change the same text, as the cases do that two functions share."""
    return one[0].path == other[0].path and overlap(one[1], other[1])


def try_rows(trials: Trials, rows: Sequence[Proposal]) -> None:
    """Find out which tests each row of a table is about, and keep the forms of the row for these tests.

    Each row has a number. For every bit, one run has all rows with that bit in a wrong form, and one run has all
    rows without it. A test that is about one row fails in exactly one of both runs, which gives that bit of the
    number of its row.
    """
    rows = [row for row in rows if not _is_changed_already(trials, row)]
    numbers = dict.fromkeys(trials.passing, 0)
    for bit in range(len(rows).bit_length()) if rows else ():
        failed_with_bit = _failed_with_rows(trials, [row for n, row in enumerate(rows, 1) if n >> bit & 1])
        failed_without = _failed_with_rows(trials, [row for n, row in enumerate(rows, 1) if not n >> bit & 1])
        if failed_with_bit is None or failed_without is None:
            return
        failed_once = failed_with_bit ^ failed_without
        numbers = {
            test: n | (test in failed_with_bit) << bit for test, n in numbers.items() if test in failed_once
        }
    row_tests = {row: [test for test, n in numbers.items() if n == number] for number, row in enumerate(rows, 1)}
    for index in range(2):
        candidates = [row for row in rows if row_tests[row] and len(row.variants) > index]
        for row in _confirmed_rows(trials, candidates, index, row_tests):
            trials.keep(row, row.variants[index], row_tests[row])


def _confirmed_rows(
    trials: Trials, rows: Sequence[Proposal], index: int, row_tests: Mapping[Proposal, list[str]]
) -> list[Proposal]:
    """Return the rows whose variant ``index`` fails exactly the tests of the row, by halving ``rows``.

    A value that the table can't be made with would fail all tests of the file.
    """
    failed = _failed_with_rows(trials, rows, index)
    if failed is not None and set(failed) == {test for row in rows for test in row_tests[row]}:
        return list(rows)
    half = len(rows) // 2
    parts = (rows[:half], rows[half:]) if half else ()
    return [row for part in parts for row in _confirmed_rows(trials, part, index, row_tests)]


def _failed_with_rows(trials: Trials, rows: Sequence[Proposal], index: int = 0) -> frozenset[str] | None:
    """Return the tests that fail with variant ``index`` of all ``rows``; ``None`` if the run is incomplete."""
    if not rows:
        return frozenset()
    edits = [(row.path, row.variants[index]) for row in rows if len(row.variants) > index]
    run = trials.run(edits, trials.bank.tests)
    return trials.failed_tests(run) & trials.passing if run.complete else None


def _is_changed_already(trials: Trials, row: Proposal) -> bool:
    """Return whether a kept form changes the text of ``row``."""
    forms_of_file = (forms for proposal, forms in trials.kept_forms.items() if proposal.path == row.path)
    return any(overlap(row.variants[0], forms[0].edits) for forms in forms_of_file)


def try_one_by_one(trials: Trials, proposals: Sequence[Proposal]) -> None:
    """Run the first variant of each proposal alone, until every test can be made to fail at enough places.

    A check in a helper is kept only if all tests that it fails are its callers. Second variants follow together.
    """
    started = time.monotonic()
    enough = 1 if trials.is_pytest else _ENOUGH_PLACES
    for proposal in proposals[:_MOST_SINGLE_RUNS]:
        is_late = time.monotonic() - started > _MOST_SECONDS
        if not trials.tests_below(1 if proposal.last_resort else enough) or is_late:
            break
        run = trials.run([(proposal.path, proposal.variants[0])], trials.bank.tests)
        failed = trials.failed_tests(run) & trials.passing
        if run.complete and (proposal.callers is None or failed <= proposal.callers):
            trials.keep(proposal, proposal.variants[0], failed)
    _try_second_variants(
        trials, [each for each in proposals if each in trials.kept_forms and len(each.variants) > 1]
    )


def _try_second_variants(trials: Trials, proposals: Sequence[Proposal]) -> None:
    """Run the second variant of each proposal, in one run those that fail different tests.

    They are kept if they fail the same tests as the first variants, and the run fails no other test.
    """
    remaining = list(proposals)
    while remaining:
        together: list[Proposal] = []
        for proposal in remaining:
            tests = trials.kept_tests(proposal)
            if not any(tests & trials.kept_tests(other) for other in together):
                together.append(proposal)
        remaining = [proposal for proposal in remaining if proposal not in together]
        run = trials.run([(each.path, each.variants[1]) for each in together], trials.bank.tests)
        failed = trials.failed_tests(run)
        expected = [trials.kept_tests(proposal) for proposal in together]
        is_expected = set().union(*expected) >= failed & trials.passing
        for proposal, tests in zip(together, expected, strict=True) if run.complete and is_expected else ():
            if tests <= failed:
                trials.keep(proposal, proposal.variants[1], tests)
