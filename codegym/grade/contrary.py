"""In which ways a check of a test can be changed so that it fails where it passed.

Where that can be done in many ways, none of them looks any more changed than the check as it was written
(:mod:`codegym.grade.other_literal`). Where it can be done in one way only (``assert f(2)``), the two differ in a
``not`` or an operator, which a test may have as well as lack.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Mapping, Sequence
from random import Random

from codegym.grade.edit import Edit, Edits, Text
from codegym.grade.other_literal import other_numbers, other_texts

_FOREIGN = ("KeyError", "IndexError", "ZeroDivisionError", "NotImplementedError", "RecursionError", "TimeoutError")
_RAISED = (*_FOREIGN, "ValueError", "TypeError", "AttributeError", "RuntimeError", "NameError", "OverflowError")
_WARNED = ("UserWarning", "DeprecationWarning", "RuntimeWarning", "FutureWarning", "BytesWarning", "SyntaxWarning")
_ANY_RAISED = ("KeyboardInterrupt", "GeneratorExit")
"""What to wait for where any other would do, since right code may raise any of those."""
_RAISING: dict[str, tuple[str, ...]] = {"raises": _RAISED, "assertRaises": _RAISED, "assertRaisesRegex": _RAISED}
_RAISING |= {"warns": _WARNED, "assertWarns": _WARNED}
"""What waits for an exception or a warning, and which it may wait for instead; of others' only the ``_FOREIGN``,
which few derive theirs from."""
_CONTRARY = {
    "assertTrue": "assertFalse",
    "assertIsNone": "assertIsNotNone",
    "assertIn": "assertNotIn",
    "assertIs": "assertIsNot",
    "assertIsInstance": "assertNotIsInstance",
    "assertRegex": "assertNotRegex",
    "assertEqual": "assertNotEqual",
    "assertGreater": "assertLessEqual",
    "assertLess": "assertGreaterEqual",
}
_CONTRARY |= {contrary: name for name, contrary in _CONTRARY.items()}
_OPERATORS = {"!=": "==", "is not": "is", "not in": "in", "<": ">=", ">": "<="}
_OPERATORS |= {contrary: name for name, contrary in _OPERATORS.items()}
_OPERATOR = re.compile(rb"is\s+not\b|not\s+in\b|is\b|in\b|[!<>]=?=?|==")
_CLOSE = re.compile(r"almost|close", re.IGNORECASE)
_EQUAL = re.compile(r"assert(?!.*not).*(equals?|close)", re.IGNORECASE)
_CALLED = re.compile(r"assert_(any_call|has_calls|called_(once_)?with)")
_MAKES = frozenset(
    {"approx", "array", "date", "datetime", "dict", "frozenset", "list", "set", "timedelta", "tuple"}
)
"""What makes a value of its arguments, as all do whose names begin with a capital."""
_WRAPPED = b", None]"
_LOOSE = (ast.BoolOp, ast.IfExp, ast.Lambda, ast.NamedExpr, ast.Starred)


def checks(*body: ast.stmt) -> Iterator[ast.Assert | ast.Call]:
    """Yield what a test checks with."""
    for node in below(*body):
        if isinstance(node, ast.Assert) or (isinstance(node, ast.Call) and is_check(node)):
            yield node


def below(*nodes: ast.AST) -> Iterator[ast.AST]:
    """Yield nodes and all below them, in their order, but none in a formatted string, whose place is not known."""
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if not isinstance(node, ast.JoinedStr):
            yield node
            waiting += reversed(list(ast.iter_child_nodes(node)))


def is_check(call: ast.Call) -> bool:
    """Return whether something is called that compares, or waits for an exception."""
    name = _called(call)
    return bool(name in _RAISING or name in _CONTRARY or _EQUAL.fullmatch(name) or _CALLED.fullmatch(name))


def sides(check: ast.Assert | ast.Call) -> tuple[ast.expr, ast.expr] | None:
    """Return what a check compares for being equal; ``None`` if it checks something else."""
    if isinstance(check, ast.Call):
        equal = _EQUAL.fullmatch(_called(check)) and len(check.args) > 1
        return (check.args[0], check.args[1]) if equal and not isinstance(check.args[0], ast.Starred) else None
    test = check.test
    while isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        test = test.values[0]
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
        return test.left, test.comparators[0]
    return None


def contrary(
    text: Text, check: ast.Assert | ast.Call, chance: Random, known: Mapping[str, Sequence[ast.expr]]
) -> list[Edits]:
    """Return changes, each of which makes a check fail that passed; none where that can't be said.

    ``known`` are the values, written out, that a name stands for where nothing but checks compares with it.
    """
    if compared := sides(check):
        return _unequal(text, *compared, chance=chance, known=known, near=_is_near(check))
    if isinstance(check, ast.Assert):
        return _untrue(text, check.test)
    name, given = _called(check), check.args
    end = text.span(check.func)[1]
    if _CALLED.fullmatch(name):
        start = text.text.index(b"(", end) + 1
        return [(Edit(start, start, b"0, "),)]
    if name in _RAISING and given:
        return _other_class(text, given[0], _RAISING[name], chance)
    return [(Edit(end - len(name), end, _CONTRARY[name].encode()),)] if name in _CONTRARY else []


def is_wrapped(edits: Edits) -> bool:
    """Return whether a check was changed in what is no literal: it compares two results."""
    return any(edit.text == _WRAPPED for edit in edits)


def other_literals(text: Text, node: ast.expr, chance: Random) -> list[Edits]:
    """Return changes of one literal in a value; none if it holds something else, or nothing."""
    if not _is_value(node):
        return []
    leaves = [leaf for leaf in _leaves(node) if leaf.value is not None]
    chance.shuffle(leaves)
    leaves.sort(key=lambda leaf: isinstance(leaf.value, bool))
    found = next((others for leaf in leaves if (others := _others(text, leaf, chance))), [])
    return found or _filled(text, node)


def _others(text: Text, leaf: ast.Constant, chance: Random) -> list[Edits]:
    written = text.of(leaf).decode(errors="surrogateescape")
    if isinstance(leaf.value, bool):
        others = [str(not leaf.value)]
    elif isinstance(leaf.value, str | bytes):
        others = other_texts(written, chance)
    elif isinstance(leaf.value, int | float | complex):
        others = other_numbers(written, chance)
    else:
        others = []
    return [(Edit(*text.span(leaf), other.encode(errors="surrogateescape")),) for other in others]


def _filled(text: Text, node: ast.expr) -> list[Edits]:
    """Return changes of an empty value into one that is not."""
    start, end = text.span(node)
    if isinstance(node, ast.Constant) and node.value is None:
        return [(Edit(start, end, b"False"),)]
    inside = {ast.List: b"%d", ast.Tuple: b"%d,", ast.Dict: b"%d: %d"}.get(type(node))
    if inside is None or end - start != 2:
        return []
    written = (inside.replace(b"%d", b"%d" % n) for n in range(5))
    return [(Edit(start + 1, start + 1, filling),) for filling in written]


def _leaves(node: ast.AST) -> Iterator[ast.Constant]:
    if isinstance(node, ast.Constant):
        yield node
    below = {ast.Dict: "values", ast.Call: "args", ast.UnaryOp: "operand"}.get(type(node), "elts")
    children = getattr(node, below, [])
    for child in children if isinstance(children, list) else [children]:
        yield from _leaves(child)


def _is_value(node: ast.expr | None) -> bool:
    """Return whether a value is written out, of literals and what is made of them."""
    if isinstance(node, ast.Dict):
        return all(map(_is_value, (*node.keys, *node.values)))
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return all(map(_is_value, node.elts))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return isinstance(node.operand, ast.Constant)
    if isinstance(node, ast.Call):
        name = _called(node)
        return (name in _MAKES or name[:1].isupper()) and all(map(_is_value, node.args))
    return isinstance(node, ast.Constant)


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _other_class(text: Text, node: ast.expr, known: Sequence[str], chance: Random) -> list[Edits]:
    """Return changes into classes that what is raised is hardly of: none above, and rather none below."""
    named = (getattr(builtins, each.id, None) for each in ast.walk(node) if isinstance(each, ast.Name))
    awaited = tuple(found for found in named if isinstance(found, type))
    others: Sequence[str] = known if known is _WARNED else _FOREIGN
    if awaited:
        classes = {name: getattr(builtins, name) for name in (*known, *_ANY_RAISED)}
        apart = {name: kind for name, kind in classes.items() if not issubclass(kind, awaited)}
        foreign = [name for name, kind in apart.items() if not any(issubclass(one, kind) for one in awaited)]
        others = [name for name in foreign if name in known] or foreign
    return [(Edit(*text.span(node), other.encode()),) for other in chance.sample(others, len(others))]


def _untrue(text: Text, test: ast.expr) -> list[Edits]:
    start, end = text.span(test)
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return _untrue(text, test.values[0])
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        denied = text.text[start:end].removeprefix(b"not").lstrip(b" ")
        return [(Edit(start, end - len(denied), b""),)]
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        if isinstance(test.ops[0], ast.Is) and (ways := _turned(text, test.comparators[0])):
            return ways
        found = _OPERATOR.search(text.text, text.span(test.left)[1], text.span(test.comparators[0])[0])
        if found:
            return [(Edit(*found.span(), _OPERATORS[b" ".join(found[0].split()).decode()].encode()),)]
    return [_negated(text, test)]


def _turned(text: Text, node: ast.expr) -> list[Edits]:
    truth = node.value if isinstance(node, ast.Constant) and isinstance(node.value, bool) else None
    return [] if truth is None else [(Edit(*text.span(node), str(not truth).encode()),)]


def _negated(text: Text, test: ast.expr) -> Edits:
    start, end = text.span(test)
    if not isinstance(test, _LOOSE):
        return (Edit(start, start, b"not "),)
    return (Edit(start, start, b"not ("), Edit(end, end, b")"))


def _is_near(check: ast.Assert | ast.Call) -> bool:
    close = isinstance(check, ast.Call) and _CLOSE.search(_called(check))
    return bool(close and isinstance(check, ast.Call) and (check.keywords or len(check.args) > 2))


def _unequal(
    text: Text,
    left: ast.expr,
    right: ast.expr,
    *,
    chance: Random,
    known: Mapping[str, Sequence[ast.expr]],
    near: bool,
) -> list[Edits]:
    """Return changes after which ``left`` and ``right`` differ where they were equal.

    The side that is a literal, or stands for one, is changed, or else put into a list; a result of a call is
    rather left as it is, since that is what may be equal to everything. Where ``near`` is enough, so may another
    number be.
    """
    for side in () if near else (right, left):
        values = known.get(side.id, ()) if isinstance(side, ast.Name) else (side,)
        ways = [other_literals(text, value, chance) for value in values]
        if ways and all(ways):
            turns = range(max(map(len, ways)))
            return [tuple(edit for way in ways for edit in way[turn % len(way)]) for turn in turns]
    called = any(isinstance(node, ast.Call) for node in ast.walk(right))
    start, end = text.span(left if called and isinstance(left, ast.Name | ast.Attribute) else right)
    return [(Edit(start, start, b"["), Edit(end, end, _WRAPPED))]
