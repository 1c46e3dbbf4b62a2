"""Commands: what goes in, what comes out, and that nothing of them stays."""

import pytest

from codegym.errors import SandboxError
from codegym.sandbox.protocol import WORKDIR, Sandbox
from tests.conformance.conftest import Alive


def test_argv_is_not_seen_by_a_shell(shared: Sandbox) -> None:
    result = shared.exec(["echo", "$HOME", "a b;c"])
    assert (result.exit_code, result.stdout, result.stderr) == (0, "$HOME a b;c\n", "")
    flags = (result.timed_out, result.oom, result.truncated)
    assert flags == (False, False, False)
    assert 0 <= result.seconds < 5


def test_a_string_is_a_shell_command(shared: Sandbox) -> None:
    assert shared.exec("echo $((6*7)) | tr 4 X").stdout == "X2\n"


def test_streams_are_apart(shared: Sandbox) -> None:
    result = shared.exec("echo out; echo err >&2")
    assert (result.stdout, result.stderr) == ("out\n", "err\n")


@pytest.mark.parametrize("code", [0, 1, 42, 255])
def test_exit_codes(shared: Sandbox, code: int) -> None:
    assert shared.exec(f"exit {code}").exit_code == code


@pytest.mark.parametrize("signal", [6, 9, 11, 15])
def test_death_by_signal_is_negative(shared: Sandbox, signal: int) -> None:
    assert shared.exec(f"kill -{signal} $$").exit_code == -signal


@pytest.mark.parametrize("command", [["no-such-program"], ["/no/such/program"], "no-such-program"])
def test_a_missing_program_is_127(shared: Sandbox, command: str | list[str]) -> None:
    assert shared.exec(command).exit_code == 127


def test_a_script_without_an_interpreter_is_run_by_the_shell(shared: Sandbox) -> None:
    shared.write("said", b"echo $0: $#, $1\n", executable=True)
    assert shared.exec(["./said", "a b"]).stdout == "./said: 1, a b\n"


def test_starts_in_the_workspace(shared: Sandbox) -> None:
    assert shared.exec("pwd; cat calc.py; ./run.sh").stdout == (
        f"{WORKDIR}\ndef add(a, b):\n    return a - b\nran\n"
    )


@pytest.mark.parametrize("cwd", [f"{WORKDIR}/pkg/deep", "pkg/deep"])
def test_cwd(shared: Sandbox, cwd: str) -> None:
    assert shared.exec("pwd", cwd=cwd).stdout == f"{WORKDIR}/pkg/deep\n"


def test_env_is_added_for_one_command(shared: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEGYM_HOST_SECRET", "leaked")
    result = shared.exec("echo $GREETING; env", env={"GREETING": "ä b"})
    assert result.stdout.startswith("ä b\n")
    assert "leaked" not in result.stdout
    assert shared.exec("echo [$GREETING] ${PATH:+path} ${HOME:+home}").stdout == "[] path home\n"


def test_stdin_is_given_and_ends(shared: Sandbox) -> None:
    assert shared.exec("cat", stdin=b"one\ntwo").stdout == "one\ntwo"
    assert shared.exec("cat").stdout == ""
    assert shared.exec("wc -c", stdin=b"x" * 1_000_000).stdout.strip() == "1000000"


def test_stdin_that_nobody_reads_blocks_nothing(shared: Sandbox) -> None:
    assert shared.exec("true", stdin=b"x" * 1_000_000).exit_code == 0


def test_bytes_that_are_not_utf8_are_replaced(shared: Sandbox) -> None:
    assert shared.exec(r"printf 'a\377b'").stdout == "a\N{REPLACEMENT CHARACTER}b"


def test_long_output_keeps_head_and_tail(shared: Sandbox) -> None:
    script = "echo HEAD$0; i=0; while [ $i -lt 3000 ]; do echo filler; i=$((i+1)); done; echo TAIL$0"
    result = shared.exec(f"({script}); ({script}) >&2")
    assert result.truncated
    for text in (result.stdout, result.stderr):
        assert text.startswith("HEAD")
        assert text.endswith("TAIL/bin/sh\n")
        assert len(text.encode()) <= 4 * 1024


def test_output_of_exactly_the_cap_is_whole(shared: Sandbox) -> None:
    result = shared.exec("head -c 4096 /dev/zero | tr '\\0' x")
    assert result.stdout == "x" * 4096
    assert not result.truncated


def test_endless_output_is_cut_at_the_timeout(shared: Sandbox) -> None:
    result = shared.exec("yes", timeout=0.3)
    assert result.timed_out
    assert result.truncated
    assert result.stdout.startswith("y\ny\n")


def test_timeout_kills_the_whole_tree_and_keeps_what_was_said(shared: Sandbox, alive: Alive) -> None:
    stubborn = "trap '' TERM INT HUP; while :; do sleep 47.11; done"
    result = shared.exec(f'echo before; (setsid sh -c "{stubborn}" &); sleep 47.11', timeout=0.4)
    assert result.timed_out
    assert result.exit_code != 0
    assert result.stdout == "before\n"
    assert 0.4 <= result.seconds < 5
    assert not alive(shared, "47.11")


def test_a_timeout_leaves_the_box_usable(shared: Sandbox) -> None:
    assert shared.exec("sleep 30", timeout=0.1).timed_out
    assert shared.exec("echo fine").stdout == "fine\n"


def test_nothing_outlives_a_command(shared: Sandbox, alive: Alive) -> None:
    result = shared.exec("sleep 47.12 & (setsid sleep 47.12 &); echo done")
    assert (result.exit_code, result.stdout) == (0, "done\n")
    assert result.seconds < 5
    assert not alive(shared, "47.12")


def test_output_can_not_imitate_the_channel(shared: Sandbox) -> None:
    noise = bytes(range(256)) * 8 + b"\x00\x00\x00\x01" * 256
    result = shared.exec("cat; cat /dev/null >&2", stdin=noise)
    assert result.exit_code == 0
    assert result.stdout == noise.decode("utf-8", "replace")
    assert shared.exec("echo still here").stdout == "still here\n"


def test_many_commands_in_a_row(shared: Sandbox) -> None:
    assert [shared.exec(["echo", str(i)]).stdout for i in range(20)] == [f"{i}\n" for i in range(20)]


def test_a_closed_box_refuses(box: Sandbox) -> None:
    box.close()
    box.close()
    with pytest.raises(SandboxError):
        box.exec("true")
