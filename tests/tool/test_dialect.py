"""Every dialect reads back what it writes, and reads any text at all without falling over."""

import json
import re
import string
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from codegym.env import ACTION_CHARS
from codegym.errors import ConfigError
from codegym.tool.call import Call, Malformed, ToolResult
from codegym.tool.dialect import DIALECTS, dialect
from codegym.tool.dialect.line import VERBS
from codegym.tool.spec import Tool
from codegym.tool.tools import TOOLS

BY_NAME = {tool.name: tool for tool in TOOLS}

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
tricky = st.lists(
    st.sampled_from(["</old>", "<old>", "</tool>", "<tool name='x'>", "<![CDATA[", "]]>", "\n", "```", "=>", "a"]),
    max_size=8,
).map("".join)
value = text | tricky
PIECES = [
    "<tool_call>",
    "</tool_call>",
    '{"name": "view"',
    ', "arguments": {',
    "}",
    "[",
    '"',
    "<think>",
    "</think>",
]
PIECES += [
    '<tool name="view">',
    "<path>",
    "</path>",
    "</tool>",
    "```bash",
    "```",
    "\n",
    "r 1 a => b",
    "f 2",
    "q",
    " ",
]
fragments = st.lists(st.sampled_from(PIECES) | text, max_size=12).map("".join)


@st.composite
def calls(draw: st.DrawFn) -> Call:
    tool = draw(st.sampled_from(TOOLS))
    given_value = {"integer": st.integers(1, 10**6), "array": st.lists(st.text("abc:/[]", min_size=1, max_size=9))}
    arguments = {
        name: draw(given_value.get(schema["type"], value))
        for name, schema in tool.parameters().items()
        if name in tool.required() or draw(st.booleans())
    }
    return Call(tool.name, arguments)


@pytest.mark.parametrize("name", DIALECTS)
@given(st.text() | fragments)
def test_parse_takes_any_text(name: str, said: str) -> None:
    call = dialect(name).parse(said)
    assert isinstance(call, Call | Malformed)
    if isinstance(call, Malformed):
        assert call.explanation


@given(calls())
def test_native_reads_what_it_writes(call: Call) -> None:
    assert dialect("native").parse(dialect("native").format(call)) == call


@given(calls(), text)
def test_tagged_reads_what_it_writes(call: Call, around: str) -> None:
    assume("<" not in around)
    parsed = dialect("tagged").parse(around + dialect("tagged").format(call) + around)
    assert isinstance(parsed, Call)
    assert parsed.tool == call.tool
    lists = {name: tuple(v) for name, v in call.arguments.items() if isinstance(v, list)}
    for name, given_value in call.arguments.items():
        read = parsed.arguments[name]
        if name in lists:
            assert str(read).split() == list(lists[name])
        else:
            assert read == str(given_value)


@given(value)
def test_shell_reads_what_it_writes(command: str) -> None:
    assume(command.strip() != "submit")
    call = Call("shell", {"command": command})
    assert dialect("shell").parse(f"I look.\n{dialect('shell').format(call)}\nThat is all.") == call


@given(st.integers(1, 999), value, value)
def test_line_reads_what_it_writes_or_refuses_to_write_it(line: int, old: str, new: str) -> None:
    call = Call("fix", {"line": str(line), "old": old, "new": new})
    try:
        said = dialect("line").format(call)
    except ValueError:
        assert not old or "\n" in old + new or " =>" in old or new.endswith("\r") or old.endswith(" ")
        return
    assert dialect("line").parse(said) == call
    assert "\n" not in said


def test_line_verbs_in_their_shortest_and_longest_form() -> None:
    line = dialect("line")
    assert line.parse("f 2") == Call("focus", {"rank": "2"})
    assert line.parse("  t \nr 1 a => b") == Call("test")
    assert line.parse("r 12   x < 1 =>   y ") == Call("fix", {"line": "12", "old": "  x < 1", "new": "  y "})
    assert line.parse("r 3 , default =>") == Call("fix", {"line": "3", "old": ", default", "new": ""})
    assert line.parse("v a b.py 3 9") == Call("view", {"path": "a b.py", "start": "3", "end": "9"})
    assert line.format(Call("view", {"path": "a.py"})) == "v a.py"
    assert line.format(Call("list")) == "l"
    assert line.parse("l") == Call("list")
    assert line.parse("r 3 x") == Malformed("expected r line old => new")
    assert line.parse("zap") == line.parse("") == Malformed("expected s f r w a v l g x c t d u q")


def test_every_verb_of_line_names_a_tool_and_its_parameters() -> None:
    for verb in VERBS:
        if verb.tool in BY_NAME:
            assert set(re.findall(r"\{(\w+)\}", verb.form)) <= set(BY_NAME[verb.tool].parameters())


def test_native_reads_openai_and_bare_json() -> None:
    native = dialect("native")
    call = Call("view", {"path": "a.py"})
    function = {"name": "view", "arguments": json.dumps({"path": "a.py"})}
    assert native.parse(json.dumps({"tool_calls": [{"type": "function", "function": function}]})) == call
    assert native.parse(json.dumps([{"type": "function", "function": function}])) == call
    assert native.parse(json.dumps({"name": "view", "arguments": {"path": "a.py"}})) == call
    two = native.format(call) * 2
    assert isinstance(native.parse(two), Malformed)
    thought = "<think>I could say <tool_call>{}</tool_call></think>\n"
    assert native.parse(thought + native.format(call)) == call


def test_tagged_code_stands_on_lines_of_its_own() -> None:
    call = dialect("tagged").parse(
        "Now.\n<tool name='create'><path>a.py</path>\n<text>\nx = 1\n\n</text>\n</tool>"
    )
    assert call == Call("create", {"path": "a.py", "text": "x = 1\n"})
    assert dialect("tagged").parse("<tool name=undo />") == Call("undo")


@pytest.mark.parametrize(
    ("said", "explained"),
    [
        ("hello", "no call"),
        ("<tool name='view'><path>a.py</tool>", "<path> is not closed"),
        ("<tool name='view'>a.py</tool>", "Expected an argument or </tool>"),
        ("<tool name='test'/><tool name='test'/>", "more than one call"),
        ("<tool name='view'><path>a</path><path>b</path></tool>", "stands twice"),
    ],
)
def test_tagged_explains(said: str, explained: str) -> None:
    call = dialect("tagged").parse(said)
    assert isinstance(call, Malformed)
    assert explained in call.explanation


def test_shell_wants_one_block_and_knows_submit() -> None:
    shell = dialect("shell")
    two = shell.parse("```bash\nls\n```\n```bash\npwd\n```")
    assert isinstance(two, Malformed)
    assert two.explanation.startswith("Found 2 shell blocks. Expected exactly one block")
    assert shell.parse("```bash\nsubmit\n```") == Call("submit")
    assert shell.parse(shell.format(Call("submit"))) == Call("submit")
    with pytest.raises(ValueError, match="can't write a call of 'view'"):
        shell.format(Call("view", {"path": "a.py"}))


@pytest.mark.parametrize("name", DIALECTS)
def test_system_prompt_names_every_tool_on_offer(name: str) -> None:
    one = dialect(name)
    offered: tuple[Tool, ...] = one.offers(TOOLS)
    assert {"submit"} <= {tool.name for tool in offered}
    prompt = one.system(TOOLS)
    assert all(character in string.printable or not character.isascii() for character in prompt)
    if name in ("tagged", "native"):
        assert all(tool.name in prompt for tool in offered)


def test_only_line_is_brief() -> None:
    result = ToolResult("a long story", "short")
    assert [dialect(name).render(result) for name in DIALECTS] == ["a long story"] * 3 + ["short"]


def test_unknown_dialect_gets_the_nearest_match() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'tagged'"):
        dialect("taged")


CALLS = {
    "native": ('<tool_call>{{"name": "{0}", "arguments": {{}}}}</tool_call>', "submit", "test"),
    "tagged": ('<tool name="{0}"></tool>', "submit", "test"),
    "shell": ("\n```bash\n{0}\n```\n", "submit", "ls"),
    "line": ("\n{0}\n", "q", "t"),
}
"""How each dialect says two calls: one that must not happen and one that is meant."""

CUT_OFF = [
    "<think>I could say {bad}. But first",
    "Hm. <think>I could say {bad}",
    "Hm<think>I could say {bad}",
    "<think>a</think> then <think> {bad}",
    "<think>a <think>b</think> {bad} and",
    "<thinking>\n{bad}",
    "<THINK>\n{bad}",
    "<reasoning>{bad}",
    "<thought>{bad}",
    "<seed:think>{bad}",
    "<think budget='9'>{bad}",
    "[THINK]{bad}",
    "◁think▷{bad}",
    "<|begin_of_thought|>{bad}",
    "<|START_THINKING|>{bad}",
    "<think>as in `<think>`: {bad}",
    "{bad}</think>",
    "<think>{bad}</think>",
]
MEANT = [
    "{bad} hm </think>{good}",
    "<think>{bad}</think>{good}",
    "<think>a</think>\n<think>{bad}</think>{good}",
    "<think>{bad} <think>{bad}</think> {bad}</think>{good}",
    "a <think>b</think> {bad} </think>{good}",
    "<Thinking>{bad}</Thinking>{good}",
    "<reasoning>{bad}</reasoning>{good}",
    "[THINK]{bad}[/THINK]{good}",
    "◁think▷{bad}◁/think▷{good}",
    "<|START_THINKING|>{bad}<|END_THINKING|>{good}",
    "<think>the parser looks for `</think>`, {bad}</think>{good}",
    "<think/>{good}",
    "<think></think>{good}<think>That is all, no {bad}",
]


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("said", CUT_OFF)
def test_a_call_in_a_thought_is_no_call(name: str, said: str) -> None:
    form, bad, _ = CALLS[name]
    assert isinstance(dialect(name).parse(said.format(bad=form.format(bad))), Malformed)


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("said", MEANT)
def test_the_call_after_a_thought_counts(name: str, said: str) -> None:
    form, bad, good = CALLS[name]
    expected = dialect(name).parse(form.format(good))
    assert isinstance(expected, Call)
    assert dialect(name).parse(said.format(bad=form.format(bad), good=form.format(good))) == expected


@pytest.mark.parametrize("held", ["<think>", "</think>", "a\n<think>\nb", "<THINKING>x</thinking>", "[THINK]"])
def test_a_call_may_write_the_tags_of_thoughts(held: str) -> None:
    create = Call("create", {"path": "a.py", "text": held})
    shell = Call("shell", {"command": f"cat > a.py <<'END'\n{held}\nEND"})
    for name, call in (("native", create), ("tagged", create), ("shell", shell)):
        said = dialect(name).format(call)
        for around in (
            "{}",
            "<think>hm</think>\n{}",
            "hm</think>{}",
            "Done:\n{}\nThat is it.",
            "It has `<think>`.\n{}",
        ):
            assert dialect(name).parse(around.replace("{}", said)) == call
    bare = json.dumps({"name": "create", "arguments": dict(create.arguments)})
    assert dialect("native").parse(f"<think>x</think>{bare}") == create
    if "\n" not in held:
        fix = Call("fix", {"line": "3", "old": "x", "new": held})
        assert dialect("line").parse("<think>hm</think>\n" + dialect("line").format(fix)) == fix


def test_a_thought_may_follow_a_word() -> None:
    for name in ("native", "tagged", "shell"):
        form, bad, good = CALLS[name]
        said = f"Well. <think>{form.format(bad)}</think>{form.format(good)}"
        assert dialect(name).parse(said) == dialect(name).parse(form.format(good))


def test_a_type_is_no_thought() -> None:
    for said in ("It returns List<Thought>.", "A Promise<Reasoning>, then", "An Option<Thoughts> of `<think>`"):
        assert dialect("tagged").parse(f'{said}\n<tool name="test"></tool>') == Call("test")


def test_a_listing_may_show_the_tags_of_thoughts() -> None:
    cut_off = dialect("tagged").parse('```\n<think>\n<tool name="submit"></tool>\n```')
    assert isinstance(cut_off, Malformed)
    said = '```python\nBEGIN = 1\n<think>\n```\nThat is it. <tool name="test"></tool>'
    assert dialect("tagged").parse(said) == Call("test")
    assert dialect("tagged").parse('```xml\n<tool name="test"></tool>\n```') == Call("test")


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize(
    "piece", ["<think>", "<think></think>", "</think>", "```\n<think>\n```\n", "<tool name=a><b>"]
)
def test_long_answers_are_read_in_a_second(name: str, piece: str) -> None:
    start = time.process_time()
    dialect(name).parse(piece * (ACTION_CHARS // len(piece)))
    assert time.process_time() - start < 5


HEREDOC = "cat > a.md <<{}\n# T\n```{}\nx = 1 << 2\n```\n{}"


@pytest.mark.parametrize(
    "command",
    [
        HEREDOC.format("'EOF'", "python", "EOF"),
        HEREDOC.format("EOF", "", "EOF\necho done"),
        HEREDOC.format("-EOF", "python", "\tEOF"),
        HEREDOC.format('"END OF"', "bash", "END OF"),
        HEREDOC.format("\\EOF", "sh", "EOF") + "\n" + HEREDOC.format("B", "c", "B"),
        "cat <<A <<'B'\n```python\n```\nA\n```\nB",
    ],
)
def test_a_fence_in_a_heredoc_ends_no_block(command: str) -> None:
    assert dialect("shell").parse(f"I write it.\n```bash\n{command}\n```\nDone.") == Call(
        "shell", {"command": command}
    )


@pytest.mark.parametrize(
    "text",
    [
        "```bash\n" + HEREDOC.format("'EOF'", "python", "EOF"),
        "```bash\n" + HEREDOC.format("'EOF'", "python", "more\n```"),
        "```bash\n" + HEREDOC.format("'EOF'", "python", "EOF ") + "\n```\n```bash\nls\n```",
    ],
)
def test_a_block_that_breaks_off_within_a_heredoc_is_malformed(text: str) -> None:
    assert isinstance(dialect("shell").parse(text), Malformed)


@pytest.mark.parametrize(
    "command",
    [
        "echo $((1<<SHIFT))",
        "cat <<<word",
        "echo 'a << b'",
        "ls # <<EOF",
        "python -c 'print(1 << n)'",
        "cat <<E\nx",
    ],
)
def test_what_only_looks_like_a_heredoc_is_none(command: str) -> None:
    assert dialect("shell").parse(f"```bash\n{command}\n```\nSo.") == Call("shell", {"command": command})
