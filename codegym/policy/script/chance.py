"""The random policy: valid calls of every tool on offer, edits included, then submit.

It reads observations only for the names of files and lines, so that its edits apply to existing lines. Its reward
is the level that chance reaches.
"""

from __future__ import annotations

import re

import numpy as np

from codegym.policy.protocol import Opening
from codegym.policy.script.script import Script, ScriptedPolicy, can_write
from codegym.tool.call import Call

NUMBERED = re.compile(r"^ *(\d{1,9})[ *] ?(.*\S.*)$", re.MULTILINE)
EXCERPT = re.compile(r"^(.*) #(\d{1,9})\*?$", re.MULTILINE)
FILE = re.compile(r"(?<![\w./-])[\w-]+(?:/[\w.-]+)*\.(?:py|js|mjs|c|h|go|rs)\b")
_WORD = re.compile(r"<=|>=|==|!=|[-+*/<>]|\b\w+\b")
_SWAPS = ("<", "<=", ">", ">=", "==", "!=", "+", "-", "*", "0", "1", "2", "True", "False", "None", "and", "or")


def chance(turns: int = 12) -> ScriptedPolicy:
    """Return the policy that makes 2 to ``turns`` random calls, which the episode's seed decides."""

    def script(opening: Opening) -> Script:
        most = max(2, min(turns, opening.task.limits.turns - 1))
        dice = _Dice(opening, np.random.default_rng(opening.seed))
        for call in dice.first():
            dice.read((yield call))
        for _ in range(int(dice.random.integers(2, most + 1))):
            dice.read((yield dice.call()))

    return ScriptedPolicy("random", script)


class _Dice:
    """Draws random calls about the files and lines in the observations so far."""

    def __init__(self, opening: Opening, random: np.random.Generator) -> None:
        self.opening, self.random = opening, random
        self.files: list[str] = []
        self.lines: list[tuple[int, str]] = []
        self.file = ""
        self.read(opening.observation)

    def first(self) -> list[Call]:
        """Return the calls that list files and functions."""
        return [call for call in (Call("list"), Call("locate")) if can_write(self.opening, call)]

    def read(self, observation: str) -> None:
        """Remember the file names and numbered lines in an observation."""
        old = set(self.files)
        self.files += [name for name in dict.fromkeys(FILE.findall(observation)) if name not in old]
        lines = [(int(number), line) for line, number in EXCERPT.findall(observation) if line.strip()]
        lines = lines or [(int(number), line) for number, line in NUMBERED.findall(observation)]
        self.lines = lines or self.lines

    def call(self) -> Call:
        """Return a random call that the env offers and its dialect can write."""
        possible = [call for call in self._calls() if can_write(self.opening, call)]
        call = possible[int(self.random.integers(len(possible)))] if possible else Call("submit")
        if call.tool == "view":
            self.file, self.lines = str(call.arguments["path"]), []
        return call

    def _calls(self) -> list[Call]:
        path, word = self._pick(self.files) or ".", self._pick(["return", "if", "def", "for", "not"])
        calls = [Call(tool) for tool in ("test", "compile", "diff", "undo", "locate")]
        calls += [Call("focus", {"rank": int(self.random.integers(1, 4))}), Call("search", {"pattern": word})]
        calls += [Call("view", {"path": path}), Call("shell", {"command": f"grep -n {word} {path}"})]
        sed = f"{self.random.integers(1, 100)}s/{self._pick(_SWAPS)}/{self._pick(_SWAPS)}/"
        calls += [Call("shell", {"command": f"sed -i '{sed}' {path}"})]
        calls += [Call("create", {"path": f"note{self.random.integers(100)}.txt", "text": f"{word}\n"})]
        return [*calls, *self._edits()] if self.lines else calls

    def _edits(self) -> list[Call]:
        """Return edits of a random known line, repeated so that edits are drawn as often as other calls."""
        number, line = self.lines[int(self.random.integers(len(self.lines)))]
        once = [word for word in _WORD.findall(line) if line.count(word) == 1]
        edit = {"line": number, "old": self._pick(once) or line.strip(), "new": self._pick(_SWAPS)}
        calls = [Call("fix", edit)] * 4
        if self.file:
            calls += [Call("replace_in_line", {"path": self.file, **edit})] * 4
            calls += [Call("insert", {"path": self.file, "line": number, "text": line})]
        return calls

    def _pick(self, words: list[str] | tuple[str, ...]) -> str:
        return words[int(self.random.integers(len(words)))] if words else ""
