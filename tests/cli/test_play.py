"""A person's episode, typed as a person types it."""

from __future__ import annotations

from pathlib import Path

from .conftest import Cli

SOLUTION = "create words.py\ndef count_words(text):\n\n    return len(text.split())\n.\n"


def test_words_as_in_a_shell_become_calls(cli: Cli, sandbox: str, tmp_path: Path) -> None:
    typed = f"view words.py\n{SOLUTION}test\nsubmit\n"
    ran = cli("play", "mini", "words", "--sandbox", sandbox, "--out", tmp_path, "--json", typed=typed)
    assert ran.code == 0, ran.err
    episode = ran.value
    assert [step["tool"] for step in episode["steps"]] == ["view", "create", "test", "submit"]
    assert (episode["policy"], episode["verdict"]["outcome"]) == ("human", "resolved")
    assert "whatever space stands between them" in ran.err
    assert cli("show", tmp_path, "--json").value["id"] == episode["id"]


def test_the_dialects_own_words_may_take_several_lines(cli: Cli, sandbox: str) -> None:
    text = "<text>\ndef count_words(text):\n    return 3\n</text>"
    call = f'<tool name="create">\n<path>words.py</path>\n{text}\n</tool>\n'
    ran = cli("play", "mini", "words", "--sandbox", sandbox, typed=f"{call}<tool\n.\nsubmit\n")
    assert ran.code == 0  # the hidden test knows one text only
    assert "There is no call in your answer" in ran.out
    assert "resolved" in ran.out


def test_an_unsolved_task_is_exit_code_1(cli: Cli, sandbox: str) -> None:
    ran = cli("play", "mini", "words", "--dialect", "line", "--sandbox", sandbox, typed="v words.py\nq\n")
    assert ran.code == 1
    assert "NotImplementedError" in ran.out
    assert "unresolved" in ran.out


def test_slips_cost_no_turn_and_the_end_of_input_leaves(cli: Cli, sandbox: str) -> None:
    ran = cli("play", "mini", "words", "--sandbox", sandbox, typed="\nveiw words.py\n?\n??\n")
    assert ran.code == 1
    assert "Did you mean 'view'?" in ran.out
    assert "replace_in_line(path, line, old, new)" in ran.out
    assert '<tool name="view">' in ran.out
    assert "nothing is graded" in ran.out
