import ast

from hypothesis import given
from hypothesis import strategies as st

from codegym.generator.expression import FORMS, Expression, Names, break_expression, draw_expression, new_tokens
from codegym.generator.stream import Stream

NAMES = Names({"int": ("price", "len(word)", "self.limit"), "text": ("word",)})


@given(st.integers(0, 10**9), st.sampled_from(["int", "bool", "text"]), st.integers(1, 3))
def test_expressions_are_valid_and_faults_take_several_tokens(seed: int, kind: str, depth: int) -> None:
    stream = Stream(str(seed))
    right = draw_expression(stream, kind, NAMES, depth)
    ast.parse(right.code, mode="eval")
    assert right.words
    wrong = break_expression(stream, right, NAMES, depth)
    if wrong is not None:
        ast.parse(wrong.code, mode="eval")
        assert new_tokens(wrong.code, right.code) >= 3
        assert ast.dump(ast.parse(wrong.code)) != ast.dump(ast.parse(right.code))


def test_parentheses_are_where_python_needs_them() -> None:
    names = Names({"int": ("a", "b")})
    for seed in range(300):
        tree = draw_expression(Stream(f"parentheses {seed}"), "int", names, 3)

        def grouped(part: Expression) -> str:
            form = FORMS.get(part.form)
            return f"({form.code.format(*map(grouped, part.parts))})" if form else part.text

        for a, b in ((3, -7), (12, 5), (-1, 0)):
            texts = (tree.code, grouped(tree))
            plain, explicit = (eval(text, {"a": a, "b": b}) for text in texts)  # noqa: S307
            assert plain == explicit


def test_new_tokens_counts_what_a_repair_writes() -> None:
    assert new_tokens("a + b", "a + b") == 0
    assert new_tokens("a + b", "a - b") == 1
    assert new_tokens("a", "a * 3 + b") == 4
