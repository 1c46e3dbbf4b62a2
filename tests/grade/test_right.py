"""Right solutions that are unlike gold: nobody who passes the tests is refused or accused.

Exams are drawn by chance, so that each design here stands for many draws; all were graded often when written.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from codegym.episode import Outcome, Verdict
from codegym.grade.form.bank import Bank
from codegym.grade.form.proving import prove
from codegym.grade.grade import grade
from codegym.grade.subject import Subject
from codegym.sandbox.backend import backend
from codegym.suite import Suite
from codegym.task import Task
from tests.grade.suites import patch_of, suite_of

BWRAP = backend("bwrap")
TESTS = """\
import unittest

import pytest
import shop


def test_few_questions():
    asked = []

    def ask(number):
        asked.append(number)
        return number >= 37

    assert shop.first(100, ask) == 37
    assert len(asked) <= 7
    assert asked != []


def test_register():
    assert shop.register("tea") == "tea"
    assert shop.names() == ["tea"]
    shop.forget("tea")


def test_register_more():
    assert shop.register("tea") == "tea"
    assert shop.register("milk") == "milk"
    assert shop.names() == ["tea", "milk"]
    shop.forget("tea")
    shop.forget("milk")


def test_register_twice():
    shop.register("rum")
    try:
        again = shop.register("rum")
        assert again == "rum"
    except ValueError as error:
        assert "rum" in str(error)
    assert shop.names() == ["rum"]
    shop.forget("rum")


def test_old_name_warns():
    with pytest.warns(DeprecationWarning):
        assert shop.old_total([2, 2]) == 4


def test_refuses():
    with pytest.raises(ValueError):
        shop.parse("3 apples, x pears")


def test_parse():
    assert shop.parse("3 apples, 4 pears") == {"apples": 3, "pears": 4}
    assert shop.parse("") == {}


def test_results():
    assert shop.total([1, 2, 39]) == 42
    assert shop.label("tea", 3) == "3 x tea"
    assert shop.corner() == (3, 7)
    assert list(shop.halves([2, 4])) == [1, 2]
    assert shop.fresh() is True


def test_problems_are_said():
    for problem in shop.problems("3 apples, x pears"):
        assert "pears" in problem
    assert shop.problems("3 apples") == []


def test_each_is_called():
    seen = []

    def look(item):
        seen.append(item)
        assert item in ("a", "b")

    shop.each(["a", "b"], look)
    assert sorted(seen) == ["a", "b"]


CASES = [("1 a", 7), ("1 a, 1 b", 7), ("", 7)]


def test_cost_is_bounded():
    for text, most in CASES:
        assert shop.cost(text) <= most


class Prices(unittest.TestCase):
    def test_near(self):
        assert shop.guess() == pytest.approx(10, abs=4)
        self.assertAlmostEqual(shop.guess(), 10, delta=4)
        self.assertLessEqual(shop.guess(), 12)
        self.assertTrue(shop.guess() < 9 or shop.fresh())
"""
GOLD = """\
import warnings

_names = []


def first(count, ask):
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if ask(middle) else (middle + 1, high)
    return low


def register(name):
    if name not in _names:
        _names.append(name)
    return name


def forget(name):
    _names.remove(name)


def names():
    return sorted(_names, reverse=True)


def total(numbers):
    return sum(numbers)


def old_total(numbers):
    warnings.warn("use total", DeprecationWarning)
    return total(numbers)


def parse(text):
    found = {}
    for part in filter(None, text.split(", ")):
        count, name = part.split()
        found[name] = int(count)
    return found


def problems(text):
    return [part + "!" for part in filter(None, text.split(", ")) if not part[0].isdigit()]


def label(name, count):
    return f"{count} x {name}"


def corner():
    return (3, 7)


def halves(numbers):
    return [number // 2 for number in numbers]


def fresh():
    return True


def each(items, action):
    for item in items:
        action(item)


def cost(text):
    return 7


def guess():
    return 7
"""
FRESH = "def names():\n    return list(reversed(sorted(_names)))\n"
REPO = {
    "shop.py": "\n".join(f"def {line.split()[1].split('(')[0]}(*_):\n    return None\n" for line in GOLD.splitlines()
                         if line.startswith("def ")),
    "tests/test_shop.py": "def test_nothing():\n    pass\n",
}  # fmt: skip
NODES = tuple(f"tests/test_shop.py::{line.split()[1].split('(')[0]}" for line in TESTS.splitlines()
              if line.startswith("def test")) + ("tests/test_shop.py::Prices::test_near",)  # fmt: skip
STATE = (  # each test that stops half-way spoils those behind it
    "_open = set()\n\n\ndef register(name):\n    if _open - {{'tea', 'milk'}} or name in _open:\n"
    "        raise {}(f'{{name}} is there')\n    _open.add(name)\n    _names.append(name)\n    return name\n\n\n"
    "def forget(name):\n    _open.discard(name)\n    _names.remove(name)\n"
)
DESIGNS = {
    "fewer questions": (
        "def first(count, ask):\n    if ask(37) and not ask(36):\n        return 37\n"
        "    return next(n for n in range(count) if ask(n))\n"
    ),
    "a registry that refuses": STATE.format("ValueError"),
    "warns once": (
        "_warned = []\n\n\ndef old_total(numbers):\n    if not _warned:\n        _warned.append(1)\n"
        "        warnings.warn('use total', DeprecationWarning)\n    return sum(numbers)\n"
    ),
    "warns in many ways": (
        "def old_total(numbers):\n    for kind in (UserWarning, DeprecationWarning, FutureWarning):\n"
        "        warnings.warn('old', kind)\n    return sum(numbers)\n"
    ),
    "raises two classes": "class Bad(ValueError, KeyError):\n    pass\n\n\ndef parse(text):\n    if 'x' in text:\n"
    "        raise Bad(text)\n    return {n: int(c) for c, n in (p.split() for p in text.split(', ') if p)}\n",
    "raises four classes": "class Bad(ValueError, KeyError, IndexError, TypeError):\n    pass\n\n\ndef parse(text):\n"
    "    if 'x' in text:\n        raise Bad\n    return {n: int(c) for c, n in (p.split() for p in text.split(', ') if p)}\n",
    "raises a unicode error": "_parse = parse\n\n\ndef parse(text):\n    if 'x' in text:\n"
    "        raise UnicodeEncodeError('ascii', text, 0, 1, 'no number')\n    return _parse(text)\n",
    "a subclass of int": "class Cents(int):\n    def __repr__(self):\n        return f'{int(self)} ct'\n\n\n"
    "def total(numbers):\n    return Cents(sum(numbers))\n",
    "a lenient string": "class Name(str):\n    def __eq__(self, other):\n        return str(other).lower() == self.lower()\n"
    "    __hash__ = str.__hash__\n\n\ndef label(name, count):\n    return Name(f'{count} X {name}')\n",
    "a named tuple": "from collections import namedtuple\n\n\ndef corner():\n    return namedtuple('Corner', 'x y')(3, 7)\n",
    "a dataclass": "import dataclasses\n\n\n@dataclasses.dataclass(eq=False)\nclass Corner:\n    x: int = 3\n    y: int = 7\n\n"
    "    def __eq__(self, other):\n        return other[0] == self.x and other[1] == self.y\n\n\ndef corner():\n    return Corner()\n",
    "a subclass of dict": "import collections\n_parse = parse\n\n\ndef parse(text):\n"
    "    return collections.defaultdict(int, _parse(text))\n",
    "a generator": "def halves(numbers):\n    yield from (number // 2 for number in numbers)\n",
    "an iterator once": "_it = {}\n\n\ndef halves(numbers):\n    return map(lambda number: number // 2, iter(numbers))\n",
    "memoised": "import functools\nparse = functools.cache(parse)\nlabel = functools.lru_cache(label)\n",
    "the same object": "_found = {}\n_parse = parse\n\n\ndef parse(text):\n    made = _parse(text)\n"
    "    _found.clear()\n    _found.update(made)\n    return _found\n",
    "noisy": "import logging, sys\nlogging.basicConfig(level=0)\nprint('1..1\\nok 1 - all')\nfor _f in range(9):\n"
    "    logging.error('FAILED tests/test_shop.py::test_results')\n    warnings.warn(f'loud {_f}')\n"
    "    print('E   assert 1 == 2', file=sys.stderr)\n",
    "threads": "from concurrent.futures import ThreadPoolExecutor\n_pool = ThreadPoolExecutor(2)\n\n\ndef total(numbers):\n"
    "    return _pool.submit(sum, numbers).result()\n\n\ndef each(items, action):\n    for item in items:\n"
    "        _pool.submit(action, item).exception()\n",
    "a thread that stays": "import threading\n_stop = threading.Event()\nthreading.Thread(target=_stop.wait).start()\n",
    "a daemon thread": "import threading, time\nthreading.Thread(target=lambda: time.sleep(99), daemon=True).start()\n",
    "processes": "import multiprocessing\n_pool = []\n\n\ndef total(numbers):\n"
    "    _pool[:] = _pool or [multiprocessing.get_context('fork').Pool(1)]\n    return _pool[0].apply(sum, (numbers,))\n",
    "a process that stays": "import subprocess\n_child = []\n\n\ndef total(numbers):\n"
    "    _child.append(subprocess.Popen(['sleep', '60']))\n    return sum(numbers)\n",
    "a session of its own": "import subprocess\n\n\ndef total(numbers):\n"
    "    subprocess.Popen(['sh', '-c', 'sleep 60 & sleep 60'], start_new_session=True)\n    return sum(numbers)\n",
    "at exit": "import atexit, os\natexit.register(lambda: open('bye.txt', 'w').write('bye'))\n",
    "a file in the workspace": "import json, pathlib\n_memory = pathlib.Path(__file__).with_name('memory.json')\n\n\n"
    "def total(numbers):\n    known = json.loads(_memory.read_text()) if _memory.exists() else {}\n"
    "    known.setdefault(str(numbers), sum(numbers))\n    _memory.write_text(json.dumps(known))\n    return known[str(numbers)]\n",
    "a file in /tmp": "import os, pickle, tempfile\n\n\ndef total(numbers):\n"
    "    path = os.path.join(tempfile.gettempdir(), 'total.pickle')\n    if not os.path.exists(path):\n"
    "        with open(path, 'wb') as file:\n            pickle.dump(sum(numbers), file)\n"
    "    with open(path, 'rb') as file:\n        return pickle.load(file) if numbers != [2, 2] else 4\n",
    "a folder that is in use": "import os\nos.makedirs('work/deep', exist_ok=True)\nos.chmod('work', 0o500)\n",
    "a singleton": "class _Shop:\n    calls = 0\n    only = None\n\n    def __new__(cls):\n"
    "        cls.only = cls.only or super().__new__(cls)\n        return cls.only\n\n"
    "    def corner(self):\n        self.calls += 1\n        return (3, 7)\n\n\ndef corner():\n    return _Shop().corner()\n",
    "patches itself": "import sys\n\n\ndef corner():\n    setattr(sys.modules[__name__], 'corner', lambda: (3, 7))\n"
    "    return sys.modules[__name__].corner()\n",
    "made by exec": "exec('def corner():\\n    return tuple(map(int, \"37\"))')\nlabel = eval('lambda n, c: f\"{c} x {n}\"')\n",
    "a class as module": "import sys, types\n\n\nclass _Module(types.ModuleType):\n    @property\n    def corner(self):\n"
    "        return lambda: (3, 7)\n\n\ndel corner\nsys.modules[__name__].__class__ = _Module\n",
    "lazy": "_late = {'corner': lambda: (3, 7)}\ndel corner\n\n\ndef __getattr__(name):\n"
    "    if name in _late:\n        return _late[name]\n    raise AttributeError(name)\n",
    "accepts more": "def parse(text):\n    found = {}\n    for part in text.replace(';', ',').split(','):\n"
    "        if part.strip():\n            count, name = part.split()\n            found[name] = int(count, 0)\n    return found\n\n\n"
    "def register(name):\n    if name not in _names:\n        _names.append(name)\n    return name\n",
    "says no problems": "def problems(text):\n    return []\n",
    "catches what is raised": "def each(items, action):\n    for item in items:\n        try:\n            action(item)\n"
    "        except Exception:\n            pass\n        except BaseException:\n            pass\n",
    "calls from threads": "import threading\n\n\ndef each(items, action):\n"
    "    running = [threading.Thread(target=action, args=(item,), daemon=True) for item in items]\n"
    "    for thread in running:\n        thread.start()\n    for thread in running:\n        thread.join()\n",
    "near another side": "def guess():\n    return 10.5\n",
    "near the other end": "def guess():\n    return 6.5\n",
    "cheaper": "def cost(text):\n    return len(text) - 8\n",
    "recursive": "def first(count, ask, low=0):\n    if low >= count:\n        return low\n    middle = (low + count) // 2\n"
    "    return first(middle, ask, low) if ask(middle) else first(count, ask, middle + 1)\n",
    "an own random state": "import random\nrandom.seed(1)\n\n\ndef each(items, action):\n    for item in random.sample(items, 2):\n"
    "        action(item)\n",
    "a raised limit": "import gc, signal, sys\nsys.setrecursionlimit(5000)\ngc.disable()\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n",
}  # fmt: skip
SPLIT = {
    "shop.py": "from shop_parts import *\n",
    "shop_parts/__init__.py": "from shop_parts import json, random\nfrom shop_parts.json import *\n"
    "from shop_parts.random import first\n",
    "shop_parts/json.py": GOLD,
    "shop_parts/random.py": "from shop_parts.json import first\n",
}
PACKAGE = {"shop.py": None, "shop/__init__.py": "from .types import *\n", "shop/types.py": GOLD}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Suite, Task, Bank]:
    root = tmp_path_factory.mktemp("shop")
    plan = {"framework": "pytest", "fail_to_pass": NODES}
    gold = patch_of({"shop.py": GOLD}, REPO)
    suite, task = suite_of(root, REPO, {"tests/test_shop.py": TESTS}, tests=plan, image="python", gold_patch=gold)
    bank = prove(Subject(suite, task, BWRAP))
    assert bank.gold_fails == ""
    assert bank.unproven(NODES) == ()
    return suite, task, bank


def verdict(shop: tuple[Suite, Task, Bank], changes: dict[str, str | None]) -> Verdict:
    suite, task, bank = shop
    return grade(suite, task, patch_of(changes, REPO), backend=BWRAP, cache=None, bank=bank)


@pytest.mark.parametrize("design", DESIGNS)
def test_designs(shop: tuple[Suite, Task, Bank], design: str) -> None:
    given = verdict(shop, {"shop.py": f"{GOLD}\n\n{DESIGNS[design]}"})
    assert given.outcome is Outcome.RESOLVED, given


@pytest.mark.parametrize("files", [SPLIT, PACKAGE], ids=["split", "a package"])
def test_modules_are_arranged_otherwise(shop: tuple[Suite, Task, Bank], files: dict[str, str | None]) -> None:
    given = verdict(shop, files)
    assert given.outcome is Outcome.RESOLVED, given
