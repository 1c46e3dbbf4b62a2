"""Files of the older form, with ``[warmup]``, ``[train]`` and ``[trl]`` in place of phases: rewritten, not read.

The error for such a file shows the same run in the new form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_OLDER_TABLES = ("warmup", "train", "trl")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def is_older(values: Mapping[str, Any]) -> bool:
    """Return whether a file has a table that only the older form has."""
    return any(isinstance(values.get(name), Mapping) for name in _OLDER_TABLES)


def rewrite(values: Mapping[str, Any]) -> str:
    """Return a file of the older form as TOML with phases: the same settings, without comments."""
    rest = {name: value for name, value in values.items() if name not in _OLDER_TABLES}
    seed = {key: value for key, value in values.get("train", {}).items() if key == "seed"}
    return "\n".join(_lines({"name": rest.pop("name", ""), **seed, **rest, "phase": _phases(values)})) + "\n"


def _phases(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    evaluations = [{"name": name, "algorithm": "evaluate"} for name in ("before", "after")]
    grpo = {"name": "grpo", "algorithm": "grpo"} | {
        key: value for key, value in values.get("train", {}).items() if key not in ("seed", "curriculum")
    }
    if values.get("train", {}).get("curriculum") and "warmup" in values:
        grpo["curriculum"] = {"solved_in": "warmup"}
    if "trl" in values:
        grpo["trl"] = values["trl"]
    return [*_warmup(values), evaluations[0], grpo, evaluations[1]]


def _warmup(values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if "warmup" not in values:
        return
    played = {key: value for key, value in values["warmup"].items() if key in ("tasks", "samples")}
    settings = {key: value for key, value in values["warmup"].items() if key not in played}
    yield {"name": "warmup", "algorithm": "sft", **settings} | ({"data": played} if played else {})


def _lines(table: Mapping[str, Any], name: str = "") -> Iterator[str]:
    """Write a table: first its values, then its tables, then its lists of tables."""
    tables = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    lists = {key: value for key, value in table.items() if _is_list_of_tables(value)}
    for key, value in table.items():
        if key not in tables and key not in lists:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in tables.items():
        inner = f"{name}.{_key(key)}" if name else _key(key)
        yield from ("", f"[{inner}]", *_lines(value, inner))
    for key, values in lists.items():
        for value in values:
            yield from ("", f"[[{_key(key)}]]", *_lines(value, _key(key)))


def _is_list_of_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, bool | str):
        return json.dumps(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(key)} = {_value(one)}' for key, one in value.items())} }}"
    return str(value)
