"""The functions of a source file, and those that a patch changes: what a task is about, and how large that is."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from codegym.mutate.braces import c_functions, javascript_functions
from codegym.mutate.encoding import text_of_source
from codegym.patch.read import FilePatch, parse_patch
from codegym.syntax import parse_module

MODULE = "(module)"
"""Stands for the function of a line outside of all functions."""
_BRACES = {
    ("js", "mjs", "cjs", "jsx", "ts"): javascript_functions,
    ("c", "h", "cc", "cpp", "cxx", "hpp", "hh"): c_functions,
}


@dataclass(frozen=True)
class FunctionLines:
    """A function, and its first and last line, counted from 1. A method's name has its class before a dot."""

    name: str
    first: int
    last: int

    @property
    def lines(self) -> int:
        """The number of its lines, signature and documentation included."""
        return self.last - self.first + 1


def is_source(path: str) -> bool:
    """Return whether the functions of a file with this name can be found."""
    suffix = path.rpartition(".")[2]
    return suffix == "py" or any(suffix in suffixes for suffixes in _BRACES)


@lru_cache(maxsize=1024)
def functions_of(path: str, content: bytes) -> tuple[FunctionLines, ...]:
    """Return the outermost functions and methods of a file, in order; none if it can't be read."""
    suffix = path.rpartition(".")[2]
    try:
        if suffix == "py":
            return tuple(_python(parse_module(content), ""))
    except (SyntaxError, ValueError, RecursionError):
        return ()
    text = text_of_source(content)
    for suffixes, find in _BRACES.items():
        if suffix in suffixes:
            lines = (
                (block, text.count("\n", 0, block.start), text.count("\n", 0, block.end)) for block in find(text)
            )
            return tuple(FunctionLines(block.name, first + 1, last + 1) for block, first, last in lines)
    return ()


def changed_functions(patch: str, after: Mapping[str, bytes]) -> dict[tuple[str, str], int]:
    """Map each function that ``patch`` changes, as path and name, to its number of lines after it.

    ``after`` are the files with the patch applied. A line outside of all functions counts for :data:`MODULE`,
    which has no lines; it is named only if the patch changes no function of its file.
    """
    changed: dict[tuple[str, str], int] = {}
    for part in parse_patch(patch):
        path = part.new_path
        functions = functions_of(path, after.get(path, b""))
        for line in _new_lines(part):
            inside = [function for function in functions if function.first <= line <= function.last]
            name = inside[-1].name if inside else MODULE
            changed[path, name] = inside[-1].lines if inside else 0
    with_function = {path for path, name in changed if name != MODULE}
    return {key: lines for key, lines in changed.items() if key[1] != MODULE or key[0] not in with_function}


def _new_lines(part: FilePatch) -> Iterator[int]:
    """Yield the numbers, in the new file, of the lines that a file's patch adds, changes, or removes lines at."""
    moved = 0
    for hunk in part.hunks:
        for tag, _, _, first, end in SequenceMatcher(None, hunk.old, hunk.new, autojunk=False).get_opcodes():
            if tag != "equal":
                yield from range(hunk.start + moved + first + 1, hunk.start + moved + max(end, first + 1) + 1)
        moved += len(hunk.new) - len(hunk.old)


def _python(node: ast.AST, prefix: str) -> Iterator[FunctionLines]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
            yield FunctionLines(prefix + child.name, first, child.end_lineno or child.lineno)
        elif isinstance(child, ast.ClassDef):
            yield from _python(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.If | ast.Try | ast.With):
            yield from _python(child, prefix)
