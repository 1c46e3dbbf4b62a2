"""Makes a task's bank of forms, by running proposed edits of its tests with the gold patch in place.

The tests run as they are first. Then edits of the checks are proposed (:mod:`codegym.grade.form.proposal`) and run
(:mod:`codegym.grade.form.rounds`); those that make tests fail are kept. In the end whole exams are run under gold,
and places that are at fault there are dropped (:mod:`codegym.grade.form.rehearsal`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

from codegym.digest import digest_bytes, digest_json
from codegym.episode import TestStatus
from codegym.grade.form.bank import (
    AWAITED,
    Bank,
    Place,
    bank_key,
    remember_bank,
    remembered_bank,
    shipped_bank,
)
from codegym.grade.form.edit import Edits, overlap
from codegym.grade.form.proposal import (
    Proposal,
    case_bases,
    extra_checks,
    input_bases,
    oracle_proposals,
    proposals,
)
from codegym.grade.form.rehearsal import rehearse
from codegym.grade.form.rounds import try_in_rounds, try_one_by_one, try_rows
from codegym.grade.form.trials import Trials, edit_file, test_files, tests_with_status
from codegym.grade.form.unpatched import failing_lines
from codegym.grade.room import CannotLay, Room
from codegym.grade.subject import Subject, failure_kind
from codegym.harness.result import TestRun
from codegym.sandbox.image.image import image_digest

_SLOWER = 5
"""A form may take five times as long as the tests under gold: a failing test may wait where gold does not."""
_MOST_SHARED_CASES = 20
"""Cases of several functions for which forms are made beside those of fail-to-pass tests: each takes two runs."""
_SECONDS_TO_START = 10
"""Added to that, since quick tests may be slow to start on a busy machine."""


def bank_of(subject: Subject) -> Bank:
    """Return the bank of a task: the one beside its certificate, the one in the cache, or else a new one.

    Without a gold patch nothing can be proven, and the bank is empty.
    """
    key = bank_key(subject.task)
    if subject.gold is None:
        return Bank(key=key, tests=subject.tests)
    shipped = shipped_bank(subject.suite, subject.task)
    if shipped is not None:
        return shipped
    image = image_digest(subject.task.image)
    cache_key = digest_json([key, _prover_digest(), subject.tests, image, subject.backend.name])
    bank = remembered_bank(cache_key)
    if bank is None:
        bank = prove(subject)
        if not bank.gold_fails:
            remember_bank(cache_key, bank)
    return bank


def prove(subject: Subject) -> Bank:
    """Make the bank of a task with a gold patch. Raises :class:`~codegym.errors.SandboxError` if a box fails."""
    bank = Bank(key=bank_key(subject.task), tests=subject.tests)
    changes = {**(subject.gold or {}), **subject.hidden}
    try:
        with Room(subject, changes) as room:
            return _prove_in(room, subject, bank, failing_lines(subject))
    except CannotLay as error:
        return bank.model_copy(update={"gold_fails": str(error)})


def _prove_in(room: Room, subject: Subject, bank: Bank, failing: Mapping[str, frozenset[int]]) -> Bank:
    """Make the bank in ``room``, a box under gold; ``failing`` are the lines at which the unpatched tree fails."""
    run = room.run({}, bank.tests)
    bank = bank.model_copy(update={"usual": run.tampering, "seconds": round(run.seconds, 3)})
    passing = tests_with_status(run, TestStatus.PASSED)
    if not run.passed(bank.tests):
        bank = bank.model_copy(update={"gold_fails": failure_kind(run) or "tests fail"})
        if not run.complete or not passing:
            return bank
    chance = Random(bank.key)  # noqa: S311 - which of these is drawn is decided by each exam
    trials = Trials(subject, room, _with_bases(room, subject, bank, passing), passing, _time_limit(subject, run))
    _try_proposals(trials, failing, chance)
    bank = _with_places(trials)
    bank = bank.model_copy(update={"core_seconds": _core_seconds(trials)})
    return rehearse(trials, bank, chance)


def _time_limit(subject: Subject, run: TestRun) -> float:
    """Return the time limit for one run of a form, in seconds; ``run`` is the run of the tests as they are."""
    return min(subject.task.limits.grade_seconds, _SECONDS_TO_START + _SLOWER * run.seconds)


def _with_bases(room: Room, subject: Subject, bank: Bank, passing: frozenset[str]) -> Bank:
    """Return ``bank`` with the edits that every form has: neutral names of cases, and written-out inputs."""
    cases = case_bases(subject, passing)
    edits = {path: base.edits for path, base in cases.items()}
    aliases = {path: base.aliases for path, base in cases.items()}
    bank = _with_sound_bases(room, subject, bank, passing=passing, edits=edits, aliases=aliases)
    inputs = input_bases(subject, passing, room)
    return _with_sound_bases(room, subject, bank, passing=passing, edits=inputs, aliases={})


def _with_sound_bases(
    room: Room,
    subject: Subject,
    bank: Bank,
    *,
    passing: frozenset[str],
    edits: Mapping[str, Edits],
    aliases: Mapping[str, Mapping[str, str]],
) -> Bank:
    """Return ``bank`` with those of ``edits``, by file, with which no test of ``passing`` fails.

    ``aliases`` are the names that tests of a file have with its edits.
    """
    earlier = {path: bank.bases.get(path, ()) for path in edits}
    added = {path: own for path, own in edits.items() if not overlap(own, earlier[path])}
    if not added:
        return bank
    bases = bank.bases | {path: (*earlier[path], *own) for path, own in added.items()}
    all_aliases = bank.aliases | {test: alias for path in added for test, alias in aliases.get(path, {}).items()}
    originals = test_files(subject)
    files = {path: edit_file(originals[path], base) for path, base in bases.items()}
    run = room.run(files, bank.tests, aliases=all_aliases)
    lost = passing - tests_with_status(run, TestStatus.PASSED)
    unsound = {test.partition("::")[0] for test in lost}
    unsound |= {path for path in added if lost & aliases.get(path, {}).keys()}
    sound = [path for path in added if run.complete and path not in unsound]
    kept_aliases = {test: alias for path in sound for test, alias in aliases.get(path, {}).items()}
    sound_bases = {path: bases[path] for path in sound}
    return bank.model_copy(update={"bases": bank.bases | sound_bases, "aliases": bank.aliases | kept_aliases})


def _try_proposals(trials: Trials, failing: Mapping[str, frozenset[int]], chance: Random) -> None:
    """Run all proposals; at the end, add a check that always fails to each test that nothing else makes fail."""
    subject, passing = trials.subject, trials.passing
    renamed = frozenset(test.partition("::")[0] for test in trials.bank.aliases)
    proposed = proposals(subject, passing, renamed, failing, chance)
    oracles = oracle_proposals(subject, passing, trials.room, failing)
    oracles = [each for each in oracles if trials.examined.intersection(each.tests)]
    own_tests_known = [each for each in proposed if each.tests and not _is_in_literal(each, oracles)]
    try_in_rounds(trials, [*oracles, *_examined(trials, own_tests_known)])
    try_rows(trials, [each for each in proposed if each.is_row])
    try_one_by_one(trials, [each for each in proposed if not each.tests and not each.is_row])
    try_in_rounds(trials, extra_checks(subject, trials.tests_below(1)))


def _examined(trials: Trials, proposed: Sequence[Proposal]) -> Iterator[Proposal]:
    """Yield the proposals about examined tests.

    Cases that functions share are run one by one; only so many are yielded that no fail-to-pass test has.
    """
    shared = 0
    for proposal in proposed:
        is_core = not trials.core.isdisjoint(proposal.tests)
        if proposal.is_shared_case and not is_core:
            shared += 1
            if shared > _MOST_SHARED_CASES:
                continue
        if is_core or not trials.examined.isdisjoint(proposal.tests):
            yield proposal


def _is_in_literal(proposal: Proposal, oracles: Sequence[Proposal]) -> bool:
    """Return whether a proposal changes text that one of ``oracles`` replaces by a literal in every form."""
    same_file = [each for each in oracles if each.path == proposal.path]
    return any(overlap(edits, each.right) for each in same_file for edits in proposal.variants)


def _with_places(trials: Trials) -> Bank:
    """Return the bank with a place for each proposal whose forms were kept.

    At an awaited exception a place needs two forms, since a test that passes in a single one is no evidence. If a
    fail-to-pass test expects a row of a table, the unpatched tree counts as failing at that row.
    """
    core = set(trials.subject.task.tests.fail_to_pass)
    with_tests = [(each, forms, trials.kept_tests(each)) for each, forms in trials.kept_forms.items()]
    places = tuple(
        Place(
            path=proposal.path,
            kind=proposal.kind,
            forms=tuple(forms),
            fails_unpatched=proposal.fails_unpatched or (proposal.is_row and not core.isdisjoint(tests)),
            right=proposal.right,
        )
        for proposal, forms, tests in with_tests
        if proposal.kind not in AWAITED or len(forms) > 1
    )
    return trials.bank.model_copy(update={"places": places})


def _core_seconds(trials: Trials) -> float:
    """Return how long the fail-to-pass tests take under gold, in seconds."""
    core = trials.subject.task.tests.fail_to_pass
    return round(trials.run([], core).seconds, 3) if core != trials.bank.tests else trials.bank.seconds


def _prover_digest() -> str:
    """Return the digest of the files on which a new bank depends."""
    here = Path(__file__).parent
    files = [*sorted(here.glob("*.py")), here.parent / "exam.py", here.parent / "room.py"]
    return digest_json([[path.name, digest_bytes(path.read_bytes())] for path in files])
