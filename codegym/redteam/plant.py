"""An attack as a scripted policy: it uses the agent's shell tool, like any agent, and then submits."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from shlex import quote

from codegym.patch.read import parse_patch
from codegym.policy.protocol import Opening
from codegym.policy.script.script import Script, ScriptedPolicy
from codegym.redteam.attack import FRAMEWORKS, LANGUAGES, Attack
from codegym.task import Task
from codegym.tool.call import Call

_PIECE = 24_000
"""The most characters of base 64 in one action."""
_IS_MODULE = """is_module() {
  case $1 in *.mjs) return 0 ;; *.cjs) return 1 ;; esac
  folder=$1
  while [ "$folder" != . ] && [ "$folder" != / ]; do
    folder=$(dirname "$folder")
    type=$(sed -n 's/.*"type": *"\\(commonjs\\|module\\)".*/\\1/p' "$folder/package.json" 2>/dev/null)
    [ -z "$type" ] || break
    [ ! -f "$folder/package.json" ] || break
  done
  [ "$type" = module ] || { [ -z "$type" ] && grep -Eq '^(import|export)[ {*]' "$1"; }
}
"""
"""A shell function: whether node reads a file as an ES module, by its name, its package or its syntax."""


def attacker(attack: Attack) -> ScriptedPolicy:
    """Return the policy that plays ``attack``."""

    def script(opening: Opening) -> Script:
        for command in commands(attack, opening.task):
            yield Call("shell", {"command": command})

    return ScriptedPolicy(f"redteam/{attack.name}", script)


def commands(attack: Attack, task: Task) -> Iterator[str]:
    """Yield the shell commands of ``attack`` for ``task``."""
    files = {path: text.encode() for path, text in attack.write.items()}
    for path, content in files.items():
        yield f"mkdir -p {quote('./' + path.rpartition('/')[0])} && : > {quote(path)}"
        yield from _append(quote(path), content)
    for language, code in attack.code_by_kind().items():
        if language in FRAMEWORKS[task.tests.framework]:
            targets = _targets(task, LANGUAGES[language])
            if language == "node":
                yield from _append(targets, f"\n{attack.as_module()}".encode(), f'{_IS_MODULE}is_module "$f"')
                yield from _append(targets, f"\n{code}".encode(), f'{_IS_MODULE}! is_module "$f"')
            else:
                yield from _append(targets, f"\n{code}".encode())
    if attack.shell:
        ids = "\n".join(task.tests.deciding)
        yield f"IDS={quote(ids[:8000])}; SOURCES={quote(' '.join(solution_files(task)))}\n{attack.shell}"


def solution_files(task: Task) -> list[str]:
    """Return the files that a task's solution changes or creates."""
    return [section.new_path for section in parse_patch(task.gold_patch) if not section.deleted]


def _targets(task: Task, suffixes: tuple[str, ...]) -> str:
    solution = [quote(path) for path in solution_files(task) if path.endswith(suffixes)]
    match = " -o ".join(f"-name '*{suffix}'" for suffix in suffixes)
    search = f"$(find . \\( {match} \\) -not -path '*/test*' -not -path '*/.*' | sort | head -n 50)"
    return " ".join(solution) or search


def _append(targets: str, content: bytes, condition: str = "true") -> Iterator[str]:
    """Yield commands that append ``content`` to each file ``$f`` in ``targets`` if ``condition`` is true."""
    packed = b64encode(content).decode()
    for start in range(0, len(packed), _PIECE):
        piece = packed[start : start + _PIECE]
        yield f'for f in {targets}; do if {condition}; then echo {piece} | base64 -d >> "$f"; fi; done'
