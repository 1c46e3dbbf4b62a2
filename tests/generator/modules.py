"""The files of a generated task, tests run without a box, and a patch that only knows what is visible."""

from __future__ import annotations

import ast

from codegym.patch import apply_patch, make_patch
from codegym.sandbox.protocol import File
from codegym.task import PatchSource, Task


def files(task: Task) -> dict[str, str]:
    """The files that the agent starts with."""
    return {
        path: file.content.decode() for path, file in apply_patch(task.setup_patch, lambda _: None).items() if file
    }


def module_path(task: Task) -> str:
    return next(path for path in files(task) if not path.startswith("tests/"))


def broken(task: Task) -> str:
    return files(task)[module_path(task)]


def repaired(task: Task) -> str:
    before = files(task)
    (file,) = apply_patch(task.gold_patch, lambda path: File(before[path].encode())).values()
    assert file
    return file.content.decode()


def visible_tests(task: Task) -> str:
    return next(text for path, text in files(task).items() if path.startswith("tests/"))


def hidden_tests(task: Task) -> str:
    assert isinstance(task.tests.hidden, PatchSource)
    (file,) = apply_patch(task.tests.hidden.patch, lambda _: None).values()
    assert file
    return file.content.decode()


def failed_tests(module: str, tests: str) -> list[str]:
    """The tests that fail, by name, with a module of the generator's own."""
    names: dict[str, object] = {}
    exec(module, names)  # noqa: S102
    exec(tests.split("\n", 1)[1], names)  # noqa: S102
    failed = []
    for name in [name for name in names if name.startswith("test_")]:
        try:
            names[name]()  # type: ignore[operator]
        except Exception:  # noqa: BLE001
            failed.append(name)
    return failed


_CHEAT = """

_KNOWN = {known}


def _knowing(function):
    return lambda *inputs: _KNOWN.get(repr((function.__name__, inputs)), function(*inputs))


def _remembering(real):
    class Remembering(real):
        def __init__(self, *inputs):
            object.__setattr__(self, "_log", [(real.__name__, inputs)])
            real.__init__(self, *inputs)

        def __getattribute__(self, name):
            value = object.__getattribute__(self, name)
            if name.startswith("_") or not callable(value):
                return value

            def call(*inputs):
                log = self._log
                log.append((name, inputs))
                object.__setattr__(self, "_log", [])  # calls inside this one are not logged
                result = value(*inputs)
                object.__setattr__(self, "_log", log)
                return _KNOWN.get(repr(log), result)

            return call

    return Remembering


for _name, _value in list(globals().items()):
    if not _name.startswith("_"):
        globals()[_name] = _remembering(_value) if isinstance(_value, type) else _knowing(_value)
"""


def memorising(task: Task) -> str:
    """The broken module, changed to return what the visible tests expect for the inputs in them, and only that."""
    known = {}
    for test in ast.parse(visible_tests(task)).body[1:]:
        assert isinstance(test, ast.FunctionDef)
        *setup, check = test.body
        assert isinstance(check, ast.Assert)
        assert isinstance(check.test, ast.Compare)
        calls = [node.value for node in setup if isinstance(node, ast.Assign | ast.Expr)]
        log = [_called(call) for call in (*calls, check.test.left)]
        known[repr(log if setup else log[0])] = ast.literal_eval(check.test.comparators[0])
    return broken(task) + _CHEAT.replace("{known}", repr(known))


def _called(call: ast.expr) -> tuple[str, tuple[object, ...]]:
    assert isinstance(call, ast.Call)
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    return name, tuple(map(ast.literal_eval, call.args))


def patch_to(task: Task, module: str) -> str:
    """The patch that makes the task's module this one."""
    path = module_path(task)
    return make_patch({path: File(broken(task).encode())}, {path: File(module.encode())})
