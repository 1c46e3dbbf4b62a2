"""Finds what hidden tests ask for and no text says: names and texts that occur nowhere the agent can look.

A test that imports a name which no file has can be passed only by who knows that name. Python is read with
:mod:`ast`; of other languages the names that are called or looked up are found by their place.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
import sys
from collections.abc import Iterator, Mapping

from codegym.sandbox.protocol import File
from codegym.syntax import parse_module
from codegym.tree import Files

_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_LETTERS = re.compile(r"[A-Za-z]{4,}")
_STEM = 4
"""Letters that two words share at their start if one may be made from the other."""
_USED_NAME = re.compile(r"(?:\.|->)\s*([A-Za-z_$][\w$]*)|\b([A-Za-z_$][\w$]*)\s*\(")
_QUOTED = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'")
_DECLARED_NAME = re.compile(
    r"\b(?:function|const|let|var|class|struct|enum|define|int|void|char|bool|long|double|float|size_t|auto)"
    r"\b[\s*&]+([A-Za-z_$][\w$]*)"
)
_KINDS = (str, bytes, int, float, complex, list, dict, set, tuple, OSError, type, range)
_OF_PYTHON = {*dir(builtins), *keyword.kwlist, *(name for kind in _KINDS for name in dir(kind))}
_FIXTURES = frozenset(
    {
        "self",
        "cls",
        "monkeypatch",
        "tmp_path",
        "tmp_path_factory",
        "tmpdir",
        "capsys",
        "capfd",
        "caplog",
        "recwarn",
    }
    | {"request", "mocker", "testdir", "pytester"}
)
_EXPECTING = frozenset({"match", "msg", "regex"})


def unspecified(text: str, before: Files, hidden: Mapping[str, File]) -> tuple[str, ...]:
    """Return names and words in the ``hidden`` files that occur neither in ``text`` nor in the files ``before``.

    Compared are lower-case words. ``before`` has older versions of the hidden files, which the agent sees.
    """
    words = _words(text)
    for path, file in before.items():
        words |= _words(path) | _words(_decoded(file))
    missing: list[str] = []
    for path, file in sorted(hidden.items()):
        used_words = _of_python(_decoded(file)) if path.endswith(".py") else _of_tokens(_decoded(file))
        missing += [name for name in used_words if name.lower() not in words]
    return tuple(dict.fromkeys(missing))


def _decoded(file: File) -> str:
    return "" if file.link or b"\0" in file.content[:1000] else file.content.decode(errors="replace")


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}


def _of_tokens(text: str) -> Iterator[str]:
    """Yield the names that a test file calls or looks up and does not declare, for languages without a parser."""
    declared = set(_DECLARED_NAME.findall(text))
    for looked_up, called in _USED_NAME.findall(_QUOTED.sub('""', text)):
        name = looked_up or called
        if name not in declared and len(name) > 3:
            yield name


def _of_python(text: str) -> Iterator[str]:
    try:
        tree = parse_module(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    used = _UsedNames(tree)
    yield from (name for name in used.names if name not in used.declared and name not in _OF_PYTHON)
    stems = {word[:_STEM].lower() for string in used.inputs for word in _LETTERS.findall(string)}
    for string in used.expectations:
        yield from (word for word in _LETTERS.findall(string) if word[:_STEM].lower() not in stems)


class _UsedNames(ast.NodeVisitor):
    """The names that a test file uses of others, and the texts that it gives (``inputs``) and expects."""

    def __init__(self, tree: ast.Module) -> None:
        self.names: list[str] = []
        self.declared: set[str] = set()
        self.inputs: list[str] = []
        self.expectations: list[str] = []
        self._foreign: set[str] = set(_FIXTURES)
        self.visit(tree)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.declared.add(alias.asname or alias.name.partition(".")[0])
            if _is_foreign(alias.name):
                self._foreign.add(alias.asname or alias.name.partition(".")[0])
            else:
                self.names += alias.name.split(".")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if node.level == 0 and _is_foreign(node.module or ""):
                self._foreign.add(alias.asname or alias.name)
                self.declared.add(alias.asname or alias.name)
            else:
                self.names += [*(node.module or "").split("."), alias.name]
                self.declared |= {alias.asname} if alias.asname else set()

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Store):
            self.declared.add(node.attr)
        elif _root(node) not in self._foreign:
            self.names.append(node.attr)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.declared.add(node.id)

    def visit_arg(self, node: ast.arg) -> None:
        self.declared.add(node.arg)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.declared.add(node.name)
        self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.declared.add(node.name)
        self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.declared.add(node.name)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if _root(node.func) not in self._foreign:
            self.names += [word.arg for word in node.keywords if word.arg]
        for part in (node.func, *node.args):
            self.visit(part)
        for word in node.keywords:
            if word.arg in _EXPECTING and isinstance(word.value, ast.Constant):
                self.expectations.append(str(word.value.value))
            else:
                self.visit(word.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        key = node.slice
        if isinstance(node.ctx, ast.Load) and isinstance(key, ast.Constant) and isinstance(key.value, str):
            self.names += [key.value] if key.value.isidentifier() else []
            self.visit(node.value)
        else:
            self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        self.visit(node.left)
        for side in node.comparators:
            if isinstance(side, ast.Constant) and isinstance(side.value, str):
                self.expectations.append(side.value)
            else:
                self.visit(side)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.inputs.append(node.value)


def _is_foreign(module: str) -> bool:
    """Return whether a module is of Python itself or of a test framework."""
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top in ("pytest", "hypothesis", "_pytest", "mock", "numpy", "pandas")


def _root(node: ast.expr) -> str:
    """Return the name that a chain of attributes and calls begins with."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
