"""The gold policy makes a task's reference solution with the agent's own tools.

It proves, through the real env and the real grader, that a task can be solved. For each part of the gold patch it
has alternatives: first an exact replacement, which is readable, then a shell command, which always works.
"""

from __future__ import annotations

import posixpath
from base64 import b64encode
from collections.abc import Iterator
from shlex import quote

from codegym.errors import PolicyError
from codegym.patch.read import FilePatch, Hunk, parse_patch
from codegym.policy.protocol import Opening
from codegym.policy.script.script import Script, ScriptedPolicy, can_write
from codegym.tool.call import Call

Alternatives = tuple[Call, ...]

_EDITED = ("Edited ", "Wrote ", "[exit code 0]")


def gold() -> ScriptedPolicy:
    """Return the policy that applies ``task.gold_patch`` and submits."""
    return ScriptedPolicy("gold", _script)


def _script(opening: Opening) -> Script:
    sections = parse_patch(opening.task.gold_patch)
    for section in sorted(sections, key=lambda section: not section.deleted):  # new files may need their place
        for alternatives in edits(section):
            possible = [call for call in alternatives if can_write(opening, call)]
            yield from _first_that_works(section, possible)


def _first_that_works(section: FilePatch, calls: list[Call]) -> Script:
    for call in calls:
        observation = yield call
        if call is calls[-1] or any(mark in observation for mark in _EDITED):
            return
    raise PolicyError(f"no tool on offer can change {section.new_path!r} as the gold patch does: offer `shell`")


def edits(section: FilePatch) -> Iterator[Alternatives]:
    """Yield the edits of one file, each with its alternatives, ordered so that line numbers stay valid."""
    path, old = section.new_path, section.old_path
    if section.moved:
        verb = "mv" if section.renamed else "cp"
        yield _shell(f"{_make_folder(path)}{verb} {quote(old)} {quote(path)}")
    if section.deleted:
        folder = posixpath.dirname(path)
        emptied = f" && {{ rmdir -p {quote(folder)} 2>/dev/null || :; }}" if folder else ""
        yield _shell(f"rm {quote(path)}{emptied}")
        return
    if section.mode == "120000":
        target = quote(_whole(section).decode(errors="surrogateescape"))
        yield _shell(f"{_make_folder(path)}ln -sfn {target} {quote(path)}")
        return
    if section.created or section.binary is not None:
        yield _write(section)
    else:
        yield from (_replace(path, hunk) for hunk in reversed(section.hunks))
    if section.mode:
        yield _shell(f"chmod {section.mode[-3:]} {quote(path)}")


def _write(section: FilePatch) -> Alternatives:
    path, content = section.new_path, _whole(section)
    shells = _shell(*_scripts(content, f"> {quote(path)}", start=_make_folder(path)))
    try:
        return (Call("create", {"path": path, "text": content.decode()}), *shells)
    except UnicodeDecodeError:
        return shells


def _replace(path: str, hunk: Hunk) -> Alternatives:
    old, new = "".join(hunk.old), "".join(hunk.new)
    name, draft = quote(path), quote(path + ".new")
    head, tail = f"head -n {hunk.start} {name}", f"tail -n +{hunk.start + len(hunk.old) + 1} {name}"
    into = f"> {draft} && cat {draft} > {name} && rm {draft}"
    shells = _shell(*_scripts(new.encode(errors="surrogateescape"), into, head=head, tail=tail))
    return (Call("replace", {"path": path, "old": old, "new": new}), *shells) if old else shells


def _whole(section: FilePatch) -> bytes:
    if section.delta:
        raise PolicyError(
            f"{section.new_path!r}: a binary delta is not the whole file: use a patch with its content"
        )
    if section.binary is not None:
        return section.binary
    return "".join(line for hunk in section.hunks for line in hunk.new).encode(errors="surrogateescape")


def _make_folder(path: str) -> str:
    folder = posixpath.dirname(path)
    return f"mkdir -p {quote(folder)} && " if folder else ""


def _scripts(content: bytes, into: str, *, start: str = "", head: str = ":", tail: str = ":") -> list[str]:
    """Return shell scripts that send head's output, ``content`` and tail's output ``into``.

    The first is readable, with a heredoc, if ``content`` allows that; the last is one line.
    """
    packed = f"{start}{{ {head}; echo {b64encode(content).decode()} | base64 -d; {tail}; }} {into}"
    text = content.decode(errors="replace")
    if text.encode() != content or not text.endswith("\n") or "\nEND\n" in "\n" + text or "\0" in text:
        return [packed]
    return [f"{start}{{\n{head}\ncat <<'END'\n{text}END\n{tail}\n}} {into}", packed]


def _shell(*commands: str) -> Alternatives:
    return tuple(Call("shell", {"command": command}) for command in commands)
