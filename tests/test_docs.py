"""The pages name commands, options, pages, headings, files and modules: they have to exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from codegym.cli.app import VERBS, _load
from codegym.sandbox.backend import ENTRY_POINTS
from codegym.suite import ENTRY_POINT_GROUP
from codegym.task import Limits

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("envs/*/README.md")])
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.M | re.S)
COMMAND = re.compile(r"(?<![\w./-])(?:\.venv/bin/)?codegym ([a-z][a-z-]*)([^#\n`]*)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
ROW = re.compile(r"^\| (`-[^|]*) \|", re.M)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.M)
FILE = re.compile(r"(?<![\w./-])codegym/(?!\w+-v\d)[\w./*-]*[\w/*]")
DOTTED = re.compile(r"(?<![\w./-])codegym(?:\.[A-Za-z_]\w*)+")
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


@pages
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    for verb, rest in commands(page.read_text()):
        assert verb in VERBS, f"there is no verb {verb!r}"
        ours = rest.partition(" -- ")[0]  # behind it is what runs in a box
        missing = [option for option in OPTION.findall(ours) if option not in options_of(verb)]
        assert not missing, f"codegym {verb} has no {missing}"


@pages
def test_every_option_in_a_table_exists(page: Path) -> None:
    known = {option for verb in VERBS for option in options_of(verb)}
    named = [option for row in ROW.findall(page.read_text()) for option in OPTION.findall(row)]
    assert [option for option in named if option not in known] == []


@pages
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(CODE.sub("", page.read_text())):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{link}: no such page"
        assert not anchor or anchor in anchors(target), f"{link}: no such heading"


@pytest.mark.parametrize(
    "page", [*PAGES, *sorted(ROOT.glob("codegym/**/*.[ch]"))], ids=lambda page: page.relative_to(ROOT).as_posix()
)
def test_every_file_and_module_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    assert [path for path in FILE.findall(text) if not any(ROOT.glob(path.rstrip("/")))] == []
    assert [name for name in DOTTED.findall(text) if not is_defined(name)] == []


def test_limits_are_those_of_a_task() -> None:
    section = (ROOT / "docs" / "sandboxes.md").read_text().partition("\n## Limits\n")[2].partition("\n## ")[0]
    shown = {name: float(value) for name, value in re.findall(r"^\| `(\w+)` \| (\d+) \|", section, re.M)}
    assert shown == Limits().model_dump()


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Return verb and arguments of each command line in a page's code."""
    for code in CODE.findall(text):
        yield from COMMAND.findall(code.replace("\\\n", " "))


@cache
def options_of(verb: str) -> frozenset[str]:
    """Return the options of a verb and of its subcommands."""
    command = _load(verb)
    every = [command, *getattr(command, "commands", {}).values()]
    parameters = [parameter for each in every for parameter in each.params]
    return frozenset(option for each in parameters for option in (*each.opts, *each.secondary_opts)) | {"--help"}


def is_defined(name: str) -> bool:
    """Return whether a dotted name is a group of entry points, a module, or defined or exported by one."""
    parts = name.split(".")
    for count in range(len(parts), 1, -1):
        stem = ROOT.joinpath(*parts[:count])
        module = stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")
        if module.exists():
            rest = parts[count:]
            defined = rf"^(?:(?:class|def) {rest[0]}\b|{rest[0]}(?:: [^\n]+)? = )|\"{rest[0]}\"" if rest else ""
            return not rest or re.search(defined, module.read_text(), re.M) is not None
    return name in (ENTRY_POINT_GROUP, ENTRY_POINTS)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    titles = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title) for title in HEADING.findall(page.read_text())]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
