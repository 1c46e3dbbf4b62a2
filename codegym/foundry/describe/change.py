"""The text that asks for a past commit's change: its message, and the issue that it refers to, cleaned of noise.

Noise is what nobody needs to make the change: trailers, merges, marks for machines, numbers and links that can't
be looked up in a box, lists of authors, and lines about tidying up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError

from codegym.errors import ConfigError
from codegym.task import Frozen

_LONGEST_BODY = 5000
"""Characters of an issue that are used."""
_TRAILER = re.compile(
    r"(?i)^\s*(?:[a-z][\w-]+-by|change-id|pr-url|pull-request|reviewed[\w-]*|git-svn-id|see-also|refs?|references"
    r"|related(?: to)?|issues?|bug|resolves|part of|cc|cherry[- ]picked from|\(cherry picked from|ticket)\b"
    r"(?::|\s+(?:#\d+|gh-\d+|https?:)|\s+commit).*$"
)
_MERGE = re.compile(r"^Merge (?:pull request|branch|remote-tracking branch|tag|commit|in|[0-9a-f]{7,}\b).*$")
_CI = re.compile(
    r"(?i)\[(?:skip[ -](?:ci|actions|travis)|(?:ci|actions|travis)[ -]skip|no[ -]ci)\]|\*\*\*NO_CI\*\*\*"
)
_NUMBER = re.compile(
    r"(?i)\s*\((?:(?:gh|pr|issue|bug|see|fix(?:es|ed)?|close[sd]?|resolve[sd]?|re|refs?)?"
    r"[\s:-]*(?:#|gh-|bpo-)\d+[\s,]*)+\)"
    r"|\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?|addresse?[sd]?|see|refs?|part of|for)(?: issue| pr| bug)?:?\s+"
    r"(?:#|gh-|bpo-)\d+(?:(?:,| and)\s*(?:#|gh-|bpo-)\d+)*"
    r"|^(?:gh|bpo|issue|pr|bug)[- ]?#?\d+\s*[:.-]?\s+|^#\d+\s*[:.-]?\s+|\s#\d+\b"
)
_LINK = re.compile(r"\S*https?://\S+")
_AUTHORS = re.compile(
    r"(?i)^\s*(?:[*-]\s*)?(?:(?:thanks|thank you|kudos|credits?|props|h/t)\b.*|authors?:.*|patch by .*|by @\S+.*"
    r"|(?:---------|={5,}|-{5,})\s*|\S.*<[^<>\s]+@[^<>\s]+>\s*)$"
)
_TIDY = re.compile(
    r"(?i)^\s*[*-]\s*(?:fix(?:ed|es)? (?:a |the |some )?"
    r"(?:typos?|lint(?:ing|er)?|flake8|mypy|style|format(?:ting)?|tests?|ci|build|docs?|docstrings?|whitespace|imports?|pre-?commit|nits?)|typos?|lint(?:ing)?|format(?:ting)?|wip|black"
    r"|cleanup|clean up|nits?|oops|review|address(?:ed)? (?:review|comments|feedback).*|apply suggestions.*"
    r"|update (?:the )?(?:changelog|changes|docs?|news|readme|authors|tests?).*"
    r"|(?:add|added) (?:a )?(?:changelog|news|tests?)\b.*"
    r"|\[pre-commit\.ci\].*|pre-?commit.*|more tests?.*|bump .*|merge .*|rebase.*)\.?\s*$"
)
_HIDDEN_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)|<img\b[^>]*>")
_CHECKBOX = re.compile(r"^\s*[-*]\s*\[[ xX]\].*$")
_REFERENCE = re.compile(r"(?i)(?:#|gh-|/(?:issues|pull)/)(\d+)\b")


class HostIssue(Frozen):
    """An issue or pull request as a git host's API returns it; other fields are not used."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    number: int
    title: str
    body: str | None = None


def read_issues(path: Path) -> dict[int, HostIssue]:
    """Read a JSON list of issues by number. Raises ConfigError if the file is no such list."""
    try:
        issues = TypeAdapter(list[HostIssue]).validate_json(path.read_bytes())
    except (OSError, ValidationError, json.JSONDecodeError) as error:
        why = str(error).splitlines()[0]
        raise ConfigError(
            f"{path} is no list of issues ({why}): it has to be a JSON list of objects with "
            "number, title and body, as GitHub's API returns it"
        ) from error
    return {issue.number: issue for issue in issues}


def change_text(message: str, issues: Mapping[int, HostIssue], unknown: Iterable[str] = ()) -> str:
    """Return what is asked for: the issues that ``message`` refers to, then the message.

    Lines with one of the words ``unknown``, such as names of hidden tests, are left out.
    """
    numbers = dict.fromkeys(int(number) for number in _REFERENCE.findall(message))
    parts = [_issue_text(issues[number]) for number in numbers if number in issues]
    own = plain_message(message)
    parts += [f"The change that was decided on:\n\n{own}" if parts and own else own]
    words = set(unknown)
    lines = [line for line in "\n\n".join(parts).splitlines() if not words & {*re.findall(r"[\w./-]+", line)}]
    return _joined(lines)


def plain_message(message: str) -> str:
    """Return a commit's message without noise."""
    lines = [line for line in _CI.sub("", message).splitlines() if not _is_noise(line)]
    return _joined(_NUMBER.sub("", _LINK.sub("", line)).rstrip() for line in lines)


def _is_noise(line: str) -> bool:
    return any(pattern.match(line) for pattern in (_TRAILER, _MERGE, _AUTHORS, _TIDY))


def _issue_text(issue: HostIssue) -> str:
    body = _IMAGE.sub("", _HIDDEN_COMMENT.sub("", (issue.body or "").replace("\r\n", "\n")))
    lines = [line for line in body.splitlines() if not _CHECKBOX.match(line) and not _AUTHORS.match(line)]
    text = _joined(lines)
    short = text if len(text) <= _LONGEST_BODY else f"{text[:_LONGEST_BODY]}…"
    return f"{_NUMBER.sub('', issue.title).strip()}\n\n{short}".strip()


def _joined(lines: Iterable[str]) -> str:
    """Return lines as a text without empty bullets, and without more than one empty line in a row."""
    text = "\n".join("" if line.strip() in ("*", "-", "•") else line for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
