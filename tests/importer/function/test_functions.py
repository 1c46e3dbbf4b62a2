"""HumanEval, HumanEvalPack, MBPP, EvalPlus and Exercism: functions to write or to repair."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from codegym.episode import Outcome
from codegym.errors import ConfigError, TaskError
from codegym.grade.grade import grade
from codegym.importer.folder.exercism import exercism
from codegym.importer.formats import find_format, read_tasks
from codegym.importer.function.evalplus import evalplus
from codegym.importer.function.mbpp import mbpp
from codegym.importer.function.pack import humanevalpack
from codegym.importer.imported_task import ImportedTask, ImportOptions
from codegym.importer.names import ids_of_tests
from codegym.importer.suite_import import import_suite
from codegym.patch import make_patch, patch_paths
from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import File
from codegym.task import FolderSource
from tests.importer.conftest import Certified, data, suite_of

pytestmark = pytest.mark.slow

SOLUTION = "def area(sides):\n    import math\n    return math.prod(sides)\n"
MBPP: dict[str, Any] = {
    "task_id": 7,
    "text": "Write a function to find an area.",
    "code": SOLUTION,
    "test_list": ["assert area([2, 3]) == 6", "assert area([]) == 1"],
    "test_setup_code": "import math",
    "challenge_test_list": ["assert area([math.inf]) == math.inf"],
}
PLUS = {
    "task_id": "HumanEval/7",
    "prompt": 'def area(sides):\n    """Multiply."""\n',
    "canonical_solution": "    import math\n    return math.prod(sides)\n",
    "entry_point": "area",
}
PLUS_TEST = """\
import numpy as np

def is_floats(x) -> bool:
    return isinstance(x, float) or isinstance(x, np.ndarray) and x.dtype == np.float64

def assertion(out, exp, atol):
    if atol == 0 and is_floats(exp):
        atol = 1e-6
    assert out == exp or np.allclose(out, exp, rtol=1e-07, atol=atol)

def check(candidate):
    inputs = [[[2, 3]], [[0.1, 0.2]]]
    results = [6, 0.02]
    for i, (inp, exp) in enumerate(zip(inputs, results)):
        assertion(candidate(*inp), exp, 0)
"""
AS_PROGRAM = PLUS_TEST.replace("check(candidate)", "check()").replace("candidate", "area") + "\ncheck()\n"


def pack(language: str, wanted: tuple[int, ...]) -> list[ImportedTask]:
    rows = read_tasks(find_format("humanevalpack"), data(f"humanevalpack/{language}.jsonl.gz"), ImportOptions())
    found = [task for number, task in enumerate(rows) if number in wanted]
    assert len(found) == len(wanted)
    return found


@pytest.mark.parametrize(("language", "wanted"), [("python", (38,)), ("js", (32, 162)), ("cpp", (38,))])
def test_tasks_of_the_pack_are_certified(language: str, wanted: tuple[int, ...], certified: Certified) -> None:
    certified(*pack(language, wanted))


@pytest.mark.parametrize("number", [31, 137, 162])
def test_unusual_rows_of_the_pack_are_certified(number: int, certified: Certified) -> None:
    certified(*pack("cpp", (number,)))


@pytest.mark.parametrize("language", ["python", "js", "cpp"])
def test_every_row_of_the_pack_gives_a_task(language: str) -> None:
    tasks = pack(language, tuple(range(164)))
    assert len({found.task.digest for found in tasks}) == 164
    assert all(imported.task.gold_patch and imported.task.tests.hidden for imported in tasks)


def test_helpers_of_the_benchmark_are_not_taken_from_the_solution() -> None:
    (cyclic,) = pack("python", (38,))
    hidden = hidden_text(cyclic, "tests/test_solution.py")
    assert "def encode_cyclic" in hidden
    assert "from solution import decode_cyclic" in hidden
    (cyclic,) = pack("cpp", (38,))
    hidden = hidden_text(cyclic, "tests/hidden.cpp")
    assert "namespace {\nstring encode_cyclic" in hidden


def test_a_language_without_an_image_is_refused_by_name() -> None:
    with pytest.raises(TaskError, match="Rust/3: codegym has no image"):
        humanevalpack({"task_id": "Rust/3", "buggy_solution": "", "canonical_solution": ""}, ImportOptions())


def test_a_row_of_human_eval_gives_a_task() -> None:
    rows = list(read_tasks(find_format("human_eval"), data("HumanEval.jsonl.gz"), ImportOptions()))
    assert len(rows) == 164
    assert rows[3].task.tests.fail_to_pass == ("tests/test_solution.py::test_below_zero",)


def hidden_text(imported: ImportedTask, path: str) -> str:
    """Return the text of one hidden file of an imported task."""
    hidden = imported.task.tests.hidden
    assert isinstance(hidden, FolderSource)
    return imported.folders[hidden.path][path].content.decode()


def checks_of(imported: ImportedTask) -> tuple[list[str], list[str]]:
    """Return the assertions in functions of the hidden test file, and all assertions in it."""
    tree = ast.parse(hidden_text(imported, "tests/test_solution.py"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    inner = [ast.unparse(n.test) for f in functions for n in ast.walk(f) if isinstance(n, ast.Assert)]
    return sorted(inner), sorted(ast.unparse(n.test) for n in ast.walk(tree) if isinstance(n, ast.Assert))


@pytest.mark.parametrize(("name", "path"), [
    ("humaneval", "HumanEval.jsonl.gz"), ("humanevalpack", "humanevalpack/python.jsonl.gz"),
])  # fmt: skip
def test_every_check_is_an_assertion_in_a_function_of_the_test_file(name: str, path: str) -> None:
    for imported in read_tasks(find_format(name), data(path), ImportOptions()):
        row = ast.parse(imported.task.metadata["row"]["test"])
        given = sorted(ast.unparse(node.test) for node in ast.walk(row) if isinstance(node, ast.Assert))
        assert given
        assert checks_of(imported) == (given, given)


def test_checks_of_mbpp_and_evalplus_are_assertions_in_a_function() -> None:
    asserts = [*MBPP["test_list"], *MBPP["challenge_test_list"]]
    listed = sorted(text.removeprefix("assert ") for text in asserts)
    assert checks_of(mbpp(MBPP, ImportOptions())) == (listed, listed)
    close = "out == exp or np.allclose(out, exp, rtol=1e-07, atol=atol)"
    assert checks_of(evalplus(PLUS | {"test": PLUS_TEST}, ImportOptions())) == ([close], [close])
    same = "_same(candidate(*_copy.deepcopy(given)), expected)"
    by_inputs = evalplus(PLUS | {"base_input": [[[2, 3]]], "plus_input": [], "atol": 0}, ImportOptions())
    assert checks_of(by_inputs) == ([same], [same])


def test_tasks_of_mbpp_and_evalplus_are_certified(certified: Certified) -> None:
    by_inputs = {"base_input": [[[2, 3]]], "plus_input": [[[0.1, 0.2]], [[]]], "atol": 1e-6}
    suite = certified(
        mbpp(MBPP, ImportOptions()),
        evalplus(PLUS | {"test": PLUS_TEST}, ImportOptions()),
        evalplus(PLUS | {"task_id": "HumanEval/8"} | by_inputs, ImportOptions()),
        evalplus(MBPP | {"test": AS_PROGRAM}, ImportOptions()),
    )
    assert "assert area([2, 3]) == 6" in suite.task("mbpp-7").instruction
    assert suite.task("mbpp-7").metadata["row"] == MBPP


def test_inputs_of_mbpp_plus_get_types_that_json_does_not_have(certified: Certified) -> None:
    code = "def shared(a, b, z):\n    return (set(a) & set(b), z.real, {t for t in a if isinstance(t, tuple)})\n"
    row = {
        "task_id": "Mbpp/9",
        "prompt": '"""\nWrite a function.\nassert shared((3, (1, 2)), (3,), 1+2j) == ({3}, 1.0, {(1, 2)})\n"""\n',
        "entry_point": "shared",
        "canonical_solution": code,
        "assertion": "assert shared((3, (1, 2)), (3,), 1+2j) == ({3}, 1.0, {(1, 2)})",
        "base_input": [[[3, [1, 2]], [3], "(1+2j)"]],
        "plus_input": [[[], [1], "(0+1j)"], [[[5, 6], [7, 8], 3], [3, 2], "1j"]],
        "atol": 0,
        "contract": "",
    }
    suite = certified(evalplus(row, ImportOptions()))
    assert list(suite.tasks) == ["mbpp-plus-9"]


def test_a_row_of_sanitized_mbpp_gives_a_task() -> None:
    row = {"task_id": 8, "prompt": MBPP["text"], "code": SOLUTION, "test_imports": ["import math"]}
    task = mbpp(row | {"test_list": MBPP["test_list"]}, ImportOptions()).task
    assert (task.id, task.tests.fail_to_pass) == ("mbpp-8", ("tests/test_solution.py::test_area",))


def test_mbpp_asks_for_all_that_its_assertions_use(certified: Certified) -> None:
    pair = "class Pair:\r\n\tdef __init__(self, a, b):\r\n\t\tself.a, self.b = a, b\r\n"
    row = {
        "task_id": 601,
        "text": "Write a function to add pairs.",
        "code": pair + "def check(pairs):\r\n\treturn [p.a + p.b for p in pairs]",
        "test_list": ["assert check([Pair(1, 2), one]) == [3, 2]"],
        "test_setup_code": "one = Pair(1, 1)\r\none.left = Pair(0, 0)",
        "challenge_test_list": [],
    }
    odd = {"task_id": 19, "text": "Find duplicates.", "test_list": ["assert test_twice([1, 1]) == True"]}
    odd |= {"code": "def test_twice(array):\r\n    return len(array) != len(set(array))     "}
    suite = certified(mbpp(row, ImportOptions()), mbpp(odd, ImportOptions()))
    assert "Write `check`, `Pair` in `solution.py`" in suite.task("mbpp-601").instruction
    assert "one = Pair(1, 1)" in suite.task("mbpp-601").instruction


def test_assertions_about_something_else_are_refused() -> None:
    with pytest.raises(TaskError, match="call no function of the solution"):
        mbpp(MBPP | {"test_list": ["assert volume(1) == 1"]}, ImportOptions())


def exercise(root: Path) -> Path:
    files = {
        ".meta/config.json": json.dumps(
            {"files": {"solution": ["leap.py"], "test": ["leap_test.py"], "example": [".meta/example.py"]}}
        ),
        ".meta/example.py": "def leap_year(year):\n    return not year % (4 if year % 100 else 400)\n",
        ".docs/instructions.md": "# Instructions\n\nDetermine whether a year is a leap year.\n",
        "leap.py": "def leap_year(year):\n    pass\n",
        "leap_test.py": (
            "import unittest\n\nfrom leap import leap_year\n\n\nclass LeapTest(unittest.TestCase):\n"
            "    def test_1900(self):\n        self.assertIs(leap_year(1900), False)\n"
        ),
    }
    for path, text in files.items():
        (root / "leap" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "leap" / path).write_text(text)
    return root


def test_an_exercise_in_python_is_certified(tmp_path: Path, certified: Certified) -> None:
    (found,) = exercism(exercise(tmp_path / "track"), ImportOptions())
    assert found.task.tests.fail_to_pass == ("leap_test.py::LeapTest::test_1900",)
    assert found.task.instruction.startswith("# Instructions")
    suite = certified(found)
    assert suite.base_file(found.task, "leap_test.py") is None


UNITY = {
    "test-framework/unity.h": (
        "extern int failed, failures;\nvoid run(void (*test)(void));\n#define RUN_TEST(test) run(test)\n"
        "#define UNITY_BEGIN() (failures = 0)\n#define UNITY_END() failures\n#define TEST_IGNORE() return\n"
        "#define TEST_ASSERT_TRUE(x) do { if (!(x)) { failed = 1; return; } } while (0)\n"
    ),
    "test-framework/unity.c": (
        '#include "unity.h"\nint failed, failures;\n'
        "void run(void (*test)(void)) { failed = 0; test(); failures += failed; }\n"
    ),
    "leap.h": "int leap_year(int year);\n",
    "leap.c": '#include "leap.h"\nint leap_year(int year) { return year % 4 == 0; }\n',
    "test_leap.c": (
        '#include "test-framework/unity.h"\n#include "leap.h"\n\n'
        "static void test_1996(void)\n{\n    TEST_ASSERT_TRUE(leap_year(1996));\n}\n\n"
        "static void test_1900(void)\n{\n    TEST_IGNORE();   // delete this line to run test\n"
        "    TEST_ASSERT_TRUE(!leap_year(1900));\n}\n\n"
        "int main(void)\n{\n    UNITY_BEGIN();\n    RUN_TEST(test_1996);\n    RUN_TEST(test_1900);\n"
        "    return UNITY_END();\n}\n"
    ),
    ".meta/example.h": "int leap_year(int year);\n",
    ".meta/example.c": (
        '#include "leap.h"\nint leap_year(int year) { return year % (year % 100 ? 4 : 400) == 0; }\n'
    ),
    ".meta/config.json": json.dumps(
        {"files": {
            "solution": ["leap.c", "leap.h"],
            "test": ["test_leap.c"],
            "example": [".meta/example.h", ".meta/example.c"],
        }}
    ),
}  # fmt: skip


def test_exercism_in_c_runs_what_the_exercise_ignores(tmp_path: Path, certified: Certified) -> None:
    for path, text in UNITY.items():
        (tmp_path / "c" / "leap" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "c" / "leap" / path).write_text(text)
    suite = certified(*exercism(tmp_path / "c", ImportOptions()))
    assert patch_paths(suite.task("leap").gold_patch) == ("leap.c",)


BUFFER = UNITY | {
    "leap.h": "int read(int *buffer);\nint write(int *buffer, int value);\nvoid close(int *buffer);\n",
    "leap.c": '#include "leap.h"\nint read(int *buffer) { return 0; }\nint write(int *buffer, int value) '
    "{ return 0; }\nvoid close(int *buffer) {}\n",
    "test_leap.c": (
        '#include "test-framework/unity.h"\n#include "leap.h"\n\n'
        "static void test_read(void)\n{\n    int buffer = 0;\n    write(&buffer, 3);\n"
        "    TEST_ASSERT_TRUE(read(&buffer) == 3);\n    close(&buffer);\n}\n\n"
        "int main(void)\n{\n    UNITY_BEGIN();\n    RUN_TEST(test_read);\n    return UNITY_END();\n}\n"
    ),
    ".meta/example.h": "int read(int *buffer);\nint write(int *buffer, int value);\nvoid close(int *buffer);\n",
    ".meta/example.c": '#include "leap.h"\nint read(int *buffer) { return *buffer; }\n'
    "int write(int *buffer, int value) { return *buffer = value; }\nvoid close(int *buffer) {}\n",
}


def test_functions_of_an_exercise_in_c_may_be_called_as_those_of_the_system(
    tmp_path: Path, certified: Certified
) -> None:
    for path, text in BUFFER.items():
        (tmp_path / "c" / "leap" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "c" / "leap" / path).write_text(text)
    certified(*exercism(tmp_path / "c", ImportOptions()))


def test_a_test_that_is_always_skipped_is_not_asked_for() -> None:
    code = (
        "import unittest\nimport pytest\n\n\nclass ATest(unittest.TestCase):\n    def test_a(self): ...\n\n"
        "    @unittest.skip('extra-credit')\n    def test_b(self): ...\n\n\n"
        "@pytest.mark.skip\ndef test_c(): ...\n\n\n@unittest.skip('all')\nclass BTest(unittest.TestCase):\n"
        "    def test_d(self): ...\n\n\n@pytest.mark.skipif(False, reason='no')\ndef test_e(): ...\n"
    )
    assert ids_of_tests("a.py", code) == ["a.py::ATest::test_a", "a.py::test_e"]


def test_a_folder_of_many_tracks_is_imported_in_one_command(tmp_path: Path) -> None:
    """Aider's polyglot benchmark: ``LANGUAGE/exercises/practice/NAME``, the same names in several languages."""
    for language, suffix in (("go", "go"), ("python", "py"), ("rust", "rs")):
        root = exercise(tmp_path / "polyglot" / language / "exercises" / "practice") / "leap"
        config = (root / ".meta" / "config.json").read_text().replace("leap_test.py", f"leap_test.{suffix}")
        (root / ".meta" / "config.json").write_text(config)
        (root / "leap_test.py").rename(root / f"leap_test.{suffix}")
    made = import_suite("exercism", tmp_path / "polyglot", ImportOptions(), name="polyglot")
    assert list(made.suite.tasks) == ["python-leap"]
    assert (made.other_languages, made.skipped) == ({"go": 1, "rust": 1}, ())


def test_the_error_for_an_exercise_of_another_track_names_its_tests(tmp_path: Path) -> None:
    root = exercise(tmp_path / "track")
    config = {"files": {"solution": ["leap.py"], "test": ["leap.rs"], "example": [".meta/example.py"]}}
    (root / "leap" / ".meta" / "config.json").write_text(json.dumps(config))
    with pytest.raises(TaskError, match=r"names leap\.rs, which does not exist"):
        list(exercism(root, ImportOptions()))
    (root / "leap" / "leap.rs").write_text("")
    with pytest.raises(TaskError, match=r"leap\.rs: neither tests of pytest nor"):
        list(exercism(root, ImportOptions()))
    with pytest.raises(ConfigError, match="has no exercise"):
        list(exercism(tmp_path / "cache", ImportOptions()))


ATTACKS = {
    "python": [
        "import os\nos._exit(0)\n",
        "def encode_cyclic(s):\n    return s\n\n\ndef decode_cyclic(s):\n    return s\n",
    ],
    "js": [
        "process.exit(0)\n",
        "console.log('TAP version 13\\nok 1 - decodeCyclic\\n1..1')\nmodule.exports = {}\n",
        "console.assert = require('node:assert').ok = () => {}\n"
        "module.exports = { encodeCyclic: (s) => s, decodeCyclic: (s) => s }\n",
    ],
    "cpp": [
        "#include <unistd.h>\n__attribute__((constructor)) static void leave() { _exit(0); }\n",
        "#include <cstdio>\n__attribute__((constructor)) static void say() { puts(\"1..1\\nok 1 - hidden\"); }\n",
        "#include <string>\n#define assert(x)\nstd::string encode_cyclic(std::string s) { return s; }\n"
        "std::string decode_cyclic(std::string s) { return s; }\n",
    ],
}  # fmt: skip


EQUAL_TO_ALL = """\
class S:
    __eq__ = lambda s, o: True
    __ne__ = lambda s, o: False
    __lt__ = __le__ = __gt__ = __ge__ = __ne__
    __sub__ = __rsub__ = __abs__ = lambda s, *o: s
    __hash__ = None


def {}(*_):
    return S()
"""


@pytest.mark.parametrize(("name", "path"), [
    ("human_eval", "HumanEval.jsonl.gz"), ("humanevalpack", "humanevalpack/python.jsonl.gz"),
])  # fmt: skip
def test_a_result_that_is_equal_to_everything_earns_nothing(name: str, path: str, certified: Certified) -> None:
    rows = [
        row
        for number, row in enumerate(read_tasks(find_format(name), data(path), ImportOptions()))
        if number in (3, 8)
    ]
    suite = certified(*rows)
    for task in suite.tasks.values():
        cheat = EQUAL_TO_ALL.format(task.metadata["row"]["entry_point"]).encode()
        (path,) = patch_paths(task.gold_patch)
        before = suite.base_file(task, path)
        assert before is not None
        patch = make_patch({path: before}, {path: File(cheat)})
        assert grade(suite, task, patch, backend=backend("bwrap"), cache=None).outcome is Outcome.TAMPERED


@pytest.mark.parametrize("language", list(ATTACKS))
def test_attacks_on_weak_spots_of_the_benchmarks_earn_nothing(language: str) -> None:
    suite = suite_of(*pack(language, (38,)))
    (task,) = suite.tasks.values()
    (path,) = patch_paths(task.gold_patch)
    before = suite.base_file(task, path)
    assert before is not None
    for attack in ATTACKS[language]:
        patch = make_patch({path: before}, {path: File(attack.encode())})
        assert grade(suite, task, patch, backend=backend("bwrap"), cache=None).outcome is Outcome.UNRESOLVED
