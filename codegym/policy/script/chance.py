"""The random policy: valid calls of every tool on offer, edits included, then submit.

It looks at what it is shown just enough to name files and lines that exist, so that its edits land. What it
earns is what luck earns.
"""

from __future__ import annotations

import re

import numpy as np

from codegym.policy.protocol import Opening
from codegym.policy.script.script import Script, ScriptedPolicy, can_say
from codegym.tool.call import Call

NUMBERED = re.compile(r"^ *(\d{1,9})[ *] ?(.*\S.*)$", re.MULTILINE)
EXCERPT = re.compile(r"^(.*) #(\d{1,9})\*?$", re.MULTILINE)
FILE = re.compile(r"(?<![\w./-])[\w-]+(?:/[\w.-]+)*\.(?:py|js|mjs|c|h|go|rs)\b")
_WORD = re.compile(r"<=|>=|==|!=|[-+*/<>]|\b\w+\b")
_SWAPS = ("<", "<=", ">", ">=", "==", "!=", "+", "-", "*", "0", "1", "2", "True", "False", "None", "and", "or")


def chance(turns: int = 12) -> ScriptedPolicy:
    """Return the policy that makes between 2 and ``turns`` random calls, decided by the episode's seed."""

    def script(opening: Opening) -> Script:
        most = max(2, min(turns, opening.task.limits.turns - 1))
        dice = _Dice(opening, np.random.default_rng(opening.seed))
        for call in dice.first():
            dice.see((yield call))
        for _ in range(int(dice.random.integers(2, most + 1))):
            dice.see((yield dice.call()))

    return ScriptedPolicy("random", script)


class _Dice:
    """Draws calls from what was seen so far."""

    def __init__(self, opening: Opening, random: np.random.Generator) -> None:
        self.opening, self.random = opening, random
        self.files: list[str] = []
        self.lines: list[tuple[int, str]] = []
        self.file = ""
        self.see(opening.observation)

    def first(self) -> list[Call]:
        """Return the calls that show what there is."""
        return [call for call in (Call("list"), Call("locate")) if can_say(self.opening, call)]

    def see(self, observation: str) -> None:
        """Remember the names and numbered lines that are shown."""
        known = set(self.files)
        self.files += [name for name in dict.fromkeys(FILE.findall(observation)) if name not in known]
        shown = [(int(number), line) for line, number in EXCERPT.findall(observation) if line.strip()]
        shown = shown or [(int(number), line) for number, line in NUMBERED.findall(observation)]
        self.lines = shown or self.lines

    def call(self) -> Call:
        """Return a call that the env offers and its dialect can say."""
        sayable = [call for call in self._calls() if can_say(self.opening, call)]
        call = sayable[int(self.random.integers(len(sayable)))] if sayable else Call("submit")
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
        """Return edits of one line seen, several times, so that they are drawn as often as looks are."""
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
