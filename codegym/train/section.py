"""Tables of a run's file: what they have in common, and the messages for a wrong key or value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from codegym.errors import unknown


class Section(BaseModel):
    """A table of the file: frozen, and without undeclared keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def wrong_values(error: ValidationError, section: type[Section], label: Callable[[str], str]) -> list[str]:
    """Return one message for each wrong key or value in ``section``; an unknown key comes with its nearest match.

    ``label`` returns what to call a table below ``section``, given its dotted name (empty: ``section`` itself).
    """
    return [_message(dict(one), section, label) for one in error.errors()]


def _message(error: dict[str, Any], section: type[Section], label: Callable[[str], str]) -> str:
    if error["type"] == "value_error":
        return ": ".join([*map(str, error["loc"]), str(error["ctx"]["error"])])
    *tables, key = (str(part) for part in error["loc"])
    if error["type"] != "extra_forbidden":
        return f"{'.'.join([*tables, key])}: {error['msg']}"
    inner: type[BaseModel] = section
    for name in tables:
        inner = _section_of(inner, name)
    return unknown(f"key in {label('.'.join(tables))}", key, inner.model_fields)


def _section_of(section: type[BaseModel], name: str) -> type[BaseModel]:
    annotation = section.model_fields[name].annotation
    for option in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(option, type) and issubclass(option, BaseModel):
            return option
    return section
