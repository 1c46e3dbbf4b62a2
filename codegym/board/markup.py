"""HTML and SVG from functions, escaped unless made here.

A page names policies and tasks that strangers chose. Text becomes markup in one place only, and that place
escapes; there is no template to forget it in.
"""

from __future__ import annotations

from html import escape


class Markup(str):
    """Text that is markup already and is not escaped again."""

    __slots__ = ()


def tag(name: str, *children: str | Markup, **attributes: str | float | None) -> Markup:
    """Return ``<name …>children</name>``; plain text among the children is escaped.

    Attribute names lose a trailing underscore and other underscores become dashes (``class_``, ``stroke_width``);
    ``None`` leaves an attribute out; numbers are cut to two decimals.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def join(*parts: str | Markup) -> Markup:
    """Put parts one after another, escaping those that are plain text."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts))


def _attribute(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
