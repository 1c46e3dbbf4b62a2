"""Recognises the errors by which servers report that messages are longer than the model's context.

There is no standard: each server has its own status, code and sentence, and routers wrap those of others. So the
sentences are searched for words. A sentence counts if it names the request (a prompt, an input, messages) or the
limit (a context, a sequence), and has a word for "too much". Errors about tokens and limits of another kind (a
rate, a quota, a limit of the answer alone) are recognised by words of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

_OTHER_TROUBLE = frozenset({401, 402, 403, 404, 407, 408, 409, 425, 429})
"""Status codes for wrong keys, payment, wrong names and rate limits."""

_TOO_LARGE = 413
"""The status code that always means that the request is too large."""

_READ_CHARS = 4000
"""The most characters read from one string of an error; a longer string quotes the request."""

_READ_TEXTS = 100
"""The most strings of an error that are read."""

_ECHOES = frozenset({"input", "messages", "prompt", "body", "ctx"})
"""Fields in which servers repeat the request."""

_ROOM = re.compile(
    r"\b(?:context (?:length|window|size|limit)|n ctx|(?:model|sequence|seq|prompt|input) len(?:gth)?"
    r"|max num tokens|token limit|tokens allowed|tokens limit|max(?:imum)? context)\b"
)
_REQUEST = re.compile(
    r"\b(?:prompts?|inputs?|messages?|requests?|payload|conversation|tokens? count|number of tokens"
    r"|(?:total|requested) tokens?)\b"
)
_LENGTH = re.compile(r"\b(?:tokens?|length|long|too large|context)\b")
_TOO_MUCH = re.compile(
    r"\b(?:exceed(?:s|ed|ing)?|overflow(?:s|ed)?|not enough|reached|(?<!string )(?<!array )too (?:long|large|big)"
    r"|(?:longer|larger|bigger|more) than|(?<!be )greater than|(?:does not|doesn t|cannot|can t) fit"
    r"|must (?:be (?:<|less than)|have (?:less than|fewer than|at most))|supports (?:at most|only)|range of"
    r"|reduce (?:the|your)|shorten)|(?<=[\w)] )> ?(?=\w)"
)
_FULL = re.compile(
    r"\bmax(?:imum)? (?:context|prompt|model|sequence) (?:length|size|len) (?:is |of |= ?)?[\d,]+"
    r"|\bcontext (?:length|size) is (?:only )?[\d,]+|\bcontext (?:window )?(?:overflow|(?:is )?full)"
    r"|\binput token limit|\btoo many (?:\w+ )?tokens"
    r"|\bmax(?: completion)? tokens must be at least 1, got (?:0|-\d+)"
    r"|上下文.*超|(?:输入|prompt).*(?:超长|过长|超过)"
)
"""Phrases that suffice alone. The one with "got 0" is vLLM's, for a prompt that fills the whole context."""

_ANSWERS = re.compile(r"\bmax(?: new| completion| output)? tokens\b")
_MESSAGES = re.compile(r"\b(?:prompts?|inputs?|messages?|requested|in request)\b")
_ELSE = re.compile(
    r"per[ -](?:second|min|hour|day|month)|rate limit|too many requests|quota|throttl|\b[tr]p[mdh]\b|daily|monthly"
    r"|deadline|timeout|timed out|header|memory|log(?:it|prob)|queue|\bwait\b|billing|credits?\b|api key"
)
"""Words in errors of another kind."""


def is_context_full(status: int, body: str) -> bool:
    """Return whether an error with this HTTP status and body means that the context is full."""
    if status in _OTHER_TROUBLE:
        return False
    texts = [_plain(text) for text in islice(_texts(_parsed(body)), _READ_TEXTS)]
    if any(_ELSE.search(text) for text in texts):
        return False
    return status == _TOO_LARGE or any(_says_full(sentence) for text in texts for sentence in _sentences(text))


def _says_full(sentence: str) -> bool:
    if _FULL.search(sentence):
        return True
    answers_alone = _ANSWERS.search(sentence) and not _MESSAGES.search(sentence)
    names_context = _ROOM.search(sentence) or (_REQUEST.search(sentence) and _LENGTH.search(sentence))
    return bool(names_context and _TOO_MUCH.search(sentence) and not answers_alone)


def _parsed(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body


def _texts(value: Any) -> Iterator[str]:
    """Yield the strings in an error, except those that repeat the request."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            yield one[:_READ_CHARS]
        elif isinstance(one, list):
            pending += one
        elif isinstance(one, dict):
            pending += [item for name, item in one.items() if name not in _ECHOES]


def _plain(text: str) -> str:
    """Return the lower-case words of ``text``, also those in CamelCase and snake_case names."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return " ".join(re.sub(r"[_`'\"*\\]+", " ", spaced).lower().split())


def _sentences(text: str) -> list[str]:
    return re.split(r"[.;!?] |\\n", text)
