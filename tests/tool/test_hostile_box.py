"""Whatever a box contains or prints, a tool answers: no file and no output of an agent's program ends a run."""

import json

import pytest

from codegym.env import CodeEnv
from codegym.suite import Suite
from codegym.tool.workbench import Workbench
from tests.tool.conftest import use

CALLS: dict[str, dict[str, object]] = {
    "focus": {"rank": 1},
    "locate": {},
    "fix": {"line": 2, "old": "value", "new": "low"},
    "rewrite": {"line": 3, "text": "x = 1"},
    "add": {"line": 1, "text": "x = 1"},
    "view": {"path": "src/clamp.py"},
    "list": {},
    "search": {"pattern": "value"},
    "replace": {"path": "src/clamp.py", "old": "value < low", "new": "x"},
    "replace_in_line": {"path": "src/clamp.py", "line": 1, "old": "clamp", "new": "x"},
    "insert": {"path": "src/clamp.py", "line": 0, "text": "x = 1"},
    "compile": {},
    "diff": {},
    "test": {},
    "undo": {},
    "create": {"path": "src/clamp.py", "text": "x = 1"},
}

SPOILT = [
    ": > src/clamp.py",
    "echo 'import os' > src/clamp.py",
    "sed -i '$d' src/clamp.py",
    "rm -r src",
    "rm src/clamp.py; mkdir src/clamp.py",
    "rm src/clamp.py; mkfifo src/clamp.py",
    "ln -sf clamp.py src/clamp.py",
    "chmod 000 src/clamp.py",
    r"printf 'def clamp(\377\000\rvalue):\r\n\f  return' > src/clamp.py",
    r"""touch "$(printf 'a\377.js')" "$(printf 'b\nc.c')" "$(printf -- '-x.py')" "$(printf '\033[1m.py')" """,
    r"""printf 'all:\n\t@:\n$(shell printf "gcc -c a\\000b.c\\n" > /proc/$$PPID/fd/1)\n' > Makefile; echo > a.c""",
]

FUNCTION = {"path": "src/clamp.py", "name": "clamp", "first": 1, "last": 6}
NONSENSE: list[object] = [
    [FUNCTION | {"first": 3, "last": 1}],
    [FUNCTION | {"first": 0}],
    [FUNCTION | {"last": 10**4000}],
    [FUNCTION | {"last": 1_000_001}],
    [FUNCTION | {"docstring": [5, 2]}],
    [FUNCTION | {"docstring": [2, 9]}],
    [FUNCTION | {"hot": [7]}],
    [FUNCTION | {"score": float("nan")}],
    [FUNCTION | {"name": "a b"}],
    [FUNCTION | {"name": "x" * 501}],
    [FUNCTION | {"path": "/etc/passwd"}],
    [FUNCTION | {"path": "../etc/passwd"}],
    [FUNCTION | {"path": "src/./clamp.py"}],
    [FUNCTION | {"path": "src/clamp.py\n"}],
    [FUNCTION | {"path": "a/" * 1000 + "b"}],
    [FUNCTION] * 13,
    {"suspects": []},
    None,
]


@pytest.mark.parametrize("command", SPOILT)
def test_no_file_brings_a_tool_down(bench: Workbench, command: str) -> None:
    assert use(bench, "locate").ok
    use(bench, "shell", command=command)
    for name, arguments in CALLS.items():
        assert use(bench, name, **arguments).text


def claim(rows: object) -> str:
    """Return a module that prints ``rows`` as the tracer prints suspects, and ends before the tracer does."""
    answer = f"\n{json.dumps(rows)}\n".encode()
    return (
        "import atexit, os\n\n\ndef clamp(value, low, high):\n    return value\n\n\ndef bye():\n"
        f"    os.write(1, {answer!r})\n    os._exit(0)\n\n\natexit.register(bye)\n"
    )


@pytest.mark.parametrize("rows", NONSENSE, ids=range(len(NONSENSE)))
def test_suspects_that_make_no_sense_are_refused(bench: Workbench, rows: object) -> None:
    bench.write("src/clamp.py", claim(rows))
    assert use(bench, "locate").brief == "tests do not run"
    assert use(bench, "focus", rank=1).brief == "no such suspect"


def test_suspects_that_make_sense_are_believed_and_looked_at_with_care(bench: Workbench) -> None:
    bench.write("src/clamp.py", claim([FUNCTION | {"last": 400}]))
    assert use(bench, "locate").brief == "locate again"
    bench.write("src/clamp.py", claim([FUNCTION | {"path": "nowhere.py"}]))
    assert use(bench, "locate").brief == "no file nowhere.py"


def test_an_episode_goes_on_when_a_function_is_gone(mini: Suite) -> None:
    env = CodeEnv(mini, task="clamp", dialect="line")
    env.reset(seed=0)
    for action in ("x sed -i '1i import os' src/clamp.py", "s", "x : > src/clamp.py"):
        env.step(action)
    assert [env.step(action)[0] for action in ("f 1", "w 2 x")] == ["locate again", "no such line"]
    assert env.step("q")[2]
