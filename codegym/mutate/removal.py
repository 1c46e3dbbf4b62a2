"""Removes the body of a function from its source. Signature, decorators and documentation stay.

In Python and JavaScript the new body raises an error that says "not implemented". In C and C++, where tests have
to compile, it returns a value of the right type that is all zeros.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from codegym.mutate.braces import Block, c_functions, javascript_functions
from codegym.mutate.mutation import Mutation
from codegym.mutate.site import line_starts
from codegym.syntax import parse_module

_FEWEST_LINES = 2
"""Lines of a body that is worth removing."""
_NUMBER = re.compile(r"(?:(?:unsigned|signed|int|long|short|char|float|double|bool|_Bool|size_t|u?int\d+_t)\s*)+")
_STORAGE = re.compile(r"\b(static|inline|extern|constexpr|virtual|_Noreturn|register|__inline__|__inline)\b")


def removals(source: str, language: str) -> list[tuple[Mutation, int]]:
    """Return the mutation that removes each function's body, with the function's last line, counted from 1.

    Bodies of one line are left out, since there is little to write. Raises ``SyntaxError`` for Python that can't
    be parsed. Other languages are not parsed, so the result may not compile. ``main`` of a C program stays: it is
    often what runs the tests.
    """
    if language == "python":
        return [
            _python(source, name, node) for name, node in _functions(parse_module(source), "") if _is_long(node)
        ]
    find = javascript_functions if language == "javascript" else c_functions
    blocks = (block for block in find(source) if language == "javascript" or block.name != "main")
    return [_braced(source, block, language) for block in blocks if _is_long_block(source, block)]


def _functions(node: ast.AST, path: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield functions and methods with their qualified names, without functions inside of functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield path + child.name, child
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{path}{child.name}.")
        elif isinstance(child, ast.If | ast.Try):
            yield from _functions(child, path)


def _rest(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    """Return the statements of a function without its docstring."""
    return node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body


def _is_long(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    rest = _rest(node)
    return bool(rest) and (rest[-1].end_lineno or 0) - rest[0].lineno + 1 >= _FEWEST_LINES


def _python(source: str, name: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[Mutation, int]:
    rest, starts = _rest(node), line_starts(source)
    lines = re.split(r"(?<=\n)", source)
    first, last = rest[0], rest[-1].end_lineno or rest[-1].lineno
    decorated = min([first.lineno, *(d.lineno for d in getattr(first, "decorator_list", ()))])
    start = starts[decorated - 1] + _characters(lines[decorated - 1], first.col_offset)
    start -= _comments_above(lines, decorated, node.lineno)
    end = starts[last - 1] + _characters(lines[last - 1], rest[-1].end_col_offset or 0)
    indent = "" if source[start - 1 : start] != "\n" else " " * first.col_offset
    new = f"{indent}raise NotImplementedError"
    return Mutation(start, end, new, "removal", name, decorated, source[start:end]), last


def _comments_above(lines: list[str], line: int, header: int) -> int:
    """Return the number of characters of the comments between a function's header and its statement on ``line``.

    They are removed too, since they may say what the body does.
    """
    size = top = 0
    column = len(lines[line - 1]) - len(lines[line - 1].lstrip())
    for text in reversed(lines[header : line - 1]):
        if text.strip() and not text.lstrip().startswith("#"):
            break
        size += len(text)
        top = size if text.strip() else top
    return top + column if top else 0


def _characters(line: str, column: int) -> int:
    """Turn a column in UTF-8 bytes, as ``ast`` counts it, into one in characters."""
    return len(line.encode()[:column].decode())


def _is_long_block(source: str, block: Block) -> bool:
    inside = source[block.start + 1 : block.end - 1].strip()
    return len(inside.splitlines()) >= _FEWEST_LINES


def _braced(source: str, block: Block, language: str) -> tuple[Mutation, int]:
    starts = line_starts(source)
    line = source.count("\n", 0, block.start) + 1
    margin = re.match(r"[ \t]*", source[starts[line - 1] :])
    indent = margin.group() if margin else ""
    step = "\t" if "\n\t" in source else "    "
    marker = "/* to be written */" if language != "javascript" else 'throw new Error("not implemented");'
    value = _zero(block, language)
    body = "".join(f"\n{indent}{step}{text}" for text in (marker, value) if text)
    end_line = source.count("\n", 0, block.end) + 1
    old = source[block.start : block.end]
    new = f"{{{body}\n{indent}}}"
    return Mutation(block.start, block.end, new, "removal", block.name, line, old), end_line


def _zero(block: Block, language: str) -> str:
    """Return the statement that returns zeros of the function's type; empty if the function returns nothing."""
    kind = " ".join(_STORAGE.sub(" ", block.before).split())
    if language == "javascript" or kind in ("void", ""):
        return ""
    if "*" in kind or _NUMBER.fullmatch(kind):
        return "return 0;"
    return "return {};" if language == "cpp" else f"return ({kind}){{0}};"
