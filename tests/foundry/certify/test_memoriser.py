"""The memoriser resolves a task whose tests are all visible, and none that hides tests with other inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegym.episode import Outcome
from codegym.foundry.certify.certify import certify
from codegym.foundry.certify.memoriser import memoriser_patch
from codegym.foundry.certify.weigh import MEMORISED
from codegym.grade.subject import Subject
from codegym.patch import make_patch
from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import Changes, File
from codegym.suite import Manifest, Suite
from codegym.task import FolderSource, PatchSource, Task, TestPlan
from codegym.tree import tree_digest, write_file

RIGHT = """\
class Wallet:
    def __init__(self, cents):
        self.cents = cents

    def after(self, price):
        if price > self.cents:
            raise ValueError("not enough")
        return self.cents - price


def shares(cents, parts):
    for n in range(parts):
        yield cents // parts + (n < cents % parts)
"""
VISIBLE = """\
import pytest

from wallet import Wallet, shares


def test_after():
    assert Wallet(10).after(4) == 6


def test_too_much():
    with pytest.raises(ValueError):
        Wallet(3).after(4)


def test_shares():
    assert list(shares(10, 3)) == [4, 3, 3]
"""
HIDDEN = """\
from wallet import Wallet, shares


def test_after_again():
    assert Wallet({cents}).after(4) == {rest}


def test_shares_again():
    assert list(shares({cents}, 3)) == {shares}
"""
WRONG = RIGHT.replace("self.cents - price", "self.cents + price").replace("n < cents", "n <= cents")
TESTS, MORE = "test_wallet.py", "test_wallet_more.py"
NEW = HIDDEN.format(cents=12, rest=8, shares=[4, 4, 4])
SEEN = HIDDEN.format(cents=10, rest=6, shares=[4, 3, 3])


def suite_of(root: Path, hidden: str) -> Suite:
    run = next(c for c in backend("bwrap").capabilities() if c.name == "run")
    if not run.available:
        pytest.skip(f"bwrap: {run.why}")
    files = {"wallet.py": File(RIGHT.encode()), TESTS: File(VISIBLE.encode())}
    for path, file in files.items():
        write_file(root / "tree" / path, file)
    right, wrong = {"wallet.py": files["wallet.py"]}, {"wallet.py": File(WRONG.encode())}
    added: Changes = {MORE: File(hidden.encode())}
    task = Task(
        id="wallet",
        instruction="Repair it.",
        source=FolderSource(path="tree", digest=tree_digest(files)),
        tests=TestPlan(
            framework="pytest",
            fail_to_pass=(f"{TESTS}::test_after", f"{MORE}::test_after_again", f"{MORE}::test_shares_again"),
            pass_to_pass=(f"{TESTS}::test_too_much",),
            hidden=PatchSource(patch=make_patch({}, added)),
        ),
        image="python",
        setup_patch=make_patch(right, dict(wrong)),
        gold_patch=make_patch(wrong, dict(right)),
        metadata={"split": "test", "files": ["wallet.py"], "functions": ["Wallet.after", "shares"]},
    )
    manifest = Manifest(name="wallets", version=1, title="Wallets")
    return Suite(manifest, root, {"wallet": task}, {"test": ("wallet",)})


@pytest.mark.parametrize(
    ("hidden", "outcome"), [(SEEN, Outcome.RESOLVED), (NEW, Outcome.UNRESOLVED)], ids=["seen", "new"]
)
def test_only_hidden_tests_with_other_inputs_defeat_it(tmp_path: Path, hidden: str, outcome: Outcome) -> None:
    (certificate,) = certify(suite_of(tmp_path, hidden), repeats=1).results
    assert certificate.memoriser is outcome
    assert certificate.why == (MEMORISED if outcome is Outcome.RESOLVED else "")
    assert certificate.refused is (outcome is Outcome.RESOLVED)


def test_a_task_without_hidden_tests_is_not_played(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, NEW)
    task = suite.tasks["wallet"]
    open_task = task.model_copy(update={"tests": task.tests.model_copy(update={"hidden": None})})
    assert memoriser_patch(Subject(suite, open_task, backend("bwrap"))) == ""
