"""A person is a policy like any other, so that what they meet is exactly what an agent meets.

What they type is a tool's name and its arguments, or a call in the dialect's own words; what is recorded is
always the latter.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console
from rich.rule import Rule
from rich.text import Text
from typer import Exit

from codegym.cli.exits import FOUND_A_PROBLEM
from codegym.cli.typed import read_typed
from codegym.policy.protocol import Opening, Reply
from codegym.tool.call import Call, Malformed
from codegym.tool.dialect import Dialect
from codegym.tool.dialect import dialect as dialect_named
from codegym.tool.spec import Tool

_HOW = """\
A tool and its arguments, as in a shell: `view src/a.py 1 40`, `search total`, `test`, `!ls -l`, `submit`.
What is left out is asked for. `?` explains the tools, `??` shows what an agent is told, Ctrl-D leaves."""


@dataclass(frozen=True)
class Person:
    """Answers with what is typed; shows everything on ``console``."""

    console: Console
    tools: tuple[Tool, ...]
    name: str = "human"

    def begin(self, opening: Opening) -> Typing:
        """Show the task and how to act."""
        typing = Typing(opening, self.console, self.tools, dialect_named(opening.dialect))
        self.console.print(Rule(Text(opening.task.id), style="dim"))
        self.console.print(Text(opening.task.instruction))
        self.console.print(Rule("how to act", style="dim"))
        self.console.print(Text(opening.system if opening.dialect == "line" else _HOW, "dim"))
        return typing

    def close(self) -> None:
        """Do nothing: people close themselves."""


@dataclass
class Typing:
    """One episode of a person."""

    opening: Opening
    console: Console
    tools: tuple[Tool, ...]
    dialect: Dialect
    counts: dict[str, int] = field(default_factory=lambda: {"requests": 0})

    def reply(self, observation: str | None) -> Reply:
        """Show the observation and read an action. Raises :class:`typer.Exit` at the end of the input."""
        if observation is not None:
            self.console.print(Text(observation), soft_wrap=True)
        self.counts["requests"] += 1
        while True:
            line = self._line("> ")
            if line.strip() in ("", "?", "??", "help"):
                self._explain(line.strip())
            elif self._is_raw(line):
                return Reply(self._raw(line))
            elif action := self._typed(line):
                return Reply(action)

    def tokens(self) -> None:
        """Return ``None``: people keep theirs to themselves."""

    def usage(self) -> dict[str, int]:
        """Return how often the person was asked."""
        return self.counts

    def close(self) -> None:
        """Do nothing."""

    def _is_raw(self, line: str) -> bool:
        """Return whether the line is in the dialect itself, or begins a call in it."""
        return self.dialect.name == "line" or line.lstrip()[:1] in ("<", "`", "{")

    def _raw(self, line: str) -> str:
        """Return a call in the dialect, over as many lines as it takes; a lone dot ends one that is broken."""
        lines = [line]
        while self.dialect.name != "line" and isinstance(self.dialect.parse("\n".join(lines)), Malformed):
            line = self._line("… ")
            if line.strip() == ".":
                break
            lines.append(line)
        return "\n".join(lines)

    def _typed(self, line: str) -> str:
        """Return the action that was meant; nothing, and say why, if it is unclear or can't be said."""
        call = read_typed(line, self.tools, self._ask)
        try:
            if isinstance(call, Call):
                return self.dialect.format(call)
            self.console.print(Text(call.explanation, "red"))
        except ValueError as error:
            self.console.print(Text(str(error), "red"))
        return ""

    def _ask(self, argument: str) -> str:
        """Ask for one argument, which may be code: a lone dot on a line ends it."""
        self.console.print(Text(f"{argument} (a line with a single dot ends it):", "dim"))
        lines: list[str] = []
        while (line := self._line("… ")).strip() != ".":
            lines.append(line)
        return "\n".join(lines)

    def _explain(self, question: str) -> None:
        if question == "??" or (question and self.dialect.name == "line"):
            self.console.print(Text(self.opening.system, "dim"))
        elif question:
            for tool in self.tools:
                told = " ".join(tool.description.split())
                self.console.print(Text.assemble((tool.signature(), "cyan"), ("  " + told, "dim")))

    def _line(self, prompt: str) -> str:
        self.console.print(prompt, end="", style="bold cyan")
        try:
            return input()
        except EOFError:
            self.console.print(Text("\nleft: nothing was submitted, nothing is graded", "dim"))
            raise Exit(FOUND_A_PROBLEM) from None
