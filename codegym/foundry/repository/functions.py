"""The functions of Python sources, read from their syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codegym.mutate.encoding import text_of_source
from codegym.syntax import parse_module
from codegym.tree import Files

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class SourceFunction:
    """A function or method that is in no other function, with its qualified name and its first and last line."""

    path: str
    name: str
    first: int
    last: int
    node: FunctionNode

    @property
    def place(self) -> str:
        """The file and the qualified name."""
        return f"{self.path} {self.name}"

    @property
    def short_name(self) -> str:
        """The name without that of its class."""
        return self.name.rpartition(".")[2]

    @property
    def body(self) -> list[ast.stmt]:
        """The statements without the documentation."""
        return self.node.body[ast.get_docstring(self.node, clean=False) is not None :]


def module_of(path: str, files: Files) -> ast.Module:
    """Return the syntax tree of a file; an empty one if the file is no Python of this version."""
    try:
        return parse_module(text_of_source(files[path].content))
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


def source_functions(paths: Iterable[str], files: Files) -> list[SourceFunction]:
    """Return the functions of the files ``paths``, without those inside of functions."""
    return [
        SourceFunction(path, name, node.lineno, node.end_lineno or node.lineno, node)
        for path in paths
        for name, node in named_functions(module_of(path, files))
    ]


def named_functions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, FunctionNode]]:
    """Yield the functions and methods below ``node`` with their qualified names, none inside of a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FunctionNode):
            yield prefix + child.name, child
        elif isinstance(child, ast.ClassDef):
            yield from named_functions(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.If | ast.Try | ast.With | ast.ExceptHandler):
            yield from named_functions(child, prefix)
