"""The display of progress: lines if there is no terminal, bars if there is one."""

import io

import pytest
from rich.console import Console

from codegym.progress import bars as module
from codegym.progress.bars import bars
from codegym.progress.display import Display


def console(*, terminal: bool = False) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=120, highlight=False)


def text(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_without_a_terminal_a_line_tells_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = console()
    with bars(screen) as progress:
        for done in range(4):
            progress("grading", done, 3, f"{done} well")
        progress("grading", 3, 3, "again")
    assert [line.split("  ")[::2] for line in text(screen).splitlines()] == [["grading: 3/3", "3 well"]]


def test_without_a_terminal_long_work_is_told_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINE_SECONDS", 0.0)
    screen = console()
    with bars(screen) as progress:
        progress("a", 1, 4)
        progress("b", 7, 0, "[so many]")
    first, second = text(screen).splitlines()
    assert first.startswith("a: 1/4  about ")
    assert second.startswith("b: 7  ")
    assert second.endswith("[so many]")


def test_on_a_terminal_there_is_a_bar_per_kind_of_work() -> None:
    screen = console(terminal=True)
    with bars(screen) as progress:
        progress("fetching", 1, 2)
        progress("building", 2, 2, "well")
    assert all(word in text(screen) for word in ("fetching", "building", "1/2", "2/2", "well"))


def test_phases_are_shown_in_percent_and_timed() -> None:
    screen = console()
    display = Display(screen)
    with display.phase("sft", "Warming up") as phase:
        phase.update(0.5, "loss 1.20")
    with pytest.raises(ZeroDivisionError), display.phase("grpo", "Training"):
        raise ZeroDivisionError
    lines = text(screen).splitlines()
    assert lines[0] == "Warming up …"
    assert lines[1].startswith("Warming up: 100%")
    assert lines[2:] == ["Training …"]
    assert set(display.seconds) == {"sft", "grpo"}
