"""A person as a policy: they get exactly what an agent gets.

They type a tool's name and its arguments, or a call in the dialect itself. A call in the dialect is recorded.
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
from codegym.tool.dialect import dialect as load_dialect
from codegym.tool.spec import Tool

_HOW = """\
A tool and its arguments, as in a shell: `view src/a.py 1 40`, `search total`, `test`, `!ls -l`, `submit`.
Missing arguments are asked for. `?` explains the tools, `??` shows an agent's prompt, Ctrl-D leaves."""


@dataclass(frozen=True)
class Person:
    """A policy whose answers are typed; everything is shown on ``console``."""

    console: Console
    tools: tuple[Tool, ...]
    name: str = "human"

    def begin(self, opening: Opening) -> Typing:
        """Show the task and how to act, and start the conversation."""
        typing = Typing(opening, self.console, self.tools, load_dialect(opening.dialect))
        self.console.print(Rule(Text(opening.task.id), style="dim"))
        self.console.print(Text(opening.task.instruction))
        self.console.print(Rule("how to act", style="dim"))
        self.console.print(Text(opening.system if opening.dialect == "line" else _HOW, "dim"))
        return typing

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


@dataclass
class Typing:
    """The conversation of one episode that a person plays."""

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
        """Return ``None``: a person has no tokens."""

    def usage(self) -> dict[str, int]:
        """Return how often the person was asked for an action."""
        return self.counts

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def _is_raw(self, line: str) -> bool:
        """Return whether the line is a call in the dialect, or its beginning."""
        return self.dialect.name == "line" or line.lstrip()[:1] in ("<", "`", "{")

    def _raw(self, line: str) -> str:
        """Return a call in the dialect, which may have several lines; a lone dot ends a broken one."""
        lines = [line]
        while self.dialect.name != "line" and isinstance(self.dialect.parse("\n".join(lines)), Malformed):
            line = self._line("… ")
            if line.strip() == ".":
                break
            lines.append(line)
        return "\n".join(lines)

    def _typed(self, line: str) -> str:
        """Return the action; empty if the line is unclear or the dialect can't express it, after printing why."""
        call = read_typed(line, self.tools, self._ask)
        try:
            if isinstance(call, Call):
                return self.dialect.format(call)
            self.console.print(Text(call.explanation, "red"))
        except ValueError as error:
            self.console.print(Text(str(error), "red"))
        return ""

    def _ask(self, argument: str) -> str:
        """Ask for an argument, which may have several lines; a lone dot on a line ends it."""
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
                about = " ".join(tool.description.split())
                self.console.print(Text.assemble((tool.signature(), "cyan"), ("  " + about, "dim")))

    def _line(self, prompt: str) -> str:
        self.console.print(prompt, end="", style="bold cyan")
        try:
            return input()
        except EOFError:
            self.console.print(Text("\nleft: nothing was submitted, so nothing is graded", "dim"))
            raise Exit(FOUND_A_PROBLEM) from None
