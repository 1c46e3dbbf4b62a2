"""What a Python project declares: its name, its version, its requirements. The files are read, never run.

A project's code may ask for its own version, in metadata that only an installed package has or in a file that only
a build writes. Both are added to its files, so that an sdist and a checkout work like an installation.
"""

from __future__ import annotations

import configparser
import email
import posixpath
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from typing import Any

from codegym.foundry.repository.setup_py import setup_arguments
from codegym.sandbox.protocol import File
from codegym.tree import Files

_NO_VERSION = "0.0"
_VERSION_FILE = f'__version__ = version = "{_NO_VERSION}"\n__version_tuple__ = version_tuple = (0, 0)\n'
_VERSION_FILE_KEYS = (
    ("setuptools_scm", "version_file"),
    ("setuptools_scm", "write_to"),
    ("hatch", "build", "hooks", "vcs", "version-file"),
    ("pdm", "version", "write_to"),
)
_TESTING = ("test", "tests", "testing")
_DEVELOPING = ("dev", "develop", "development")
_TOX = "tox"
_REQUIREMENTS_FILE = re.compile(
    r"(?:^|/)(?:(tests?|testing|dev)[-_]requirements|requirements[-_/](tests?|testing|dev))\.(?:txt|in)$"
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")


@dataclass(frozen=True)
class Needs:
    """The requirements (PEP 508) of a project, and those that only its tests have."""

    runtime: tuple[str, ...]
    tests: tuple[str, ...]


def plain_name(requirement: str) -> str:
    """Return the normalised name of the package that a requirement names; empty if it names none."""
    name = _NAME.match(requirement.strip())
    return re.sub(r"[-_.]+", "-", name[0]).lower() if name else ""


def metadata(files: Files) -> Message:
    """Return the fields of ``PKG-INFO``; for lack of it, name and version from the files that it is built from."""
    if "PKG-INFO" in files:
        return email.message_from_bytes(files["PKG-INFO"].content)
    declared, message = _table(_toml(files), "project"), Message()
    declared = declared or _table(_toml(files), "tool", "poetry") or _section(_cfg(files), "metadata")
    declared = declared or setup_arguments(files)
    if isinstance(declared.get("name"), str):
        message["Metadata-Version"] = "2.1"
        message["Name"] = declared["name"]
        version = declared.get("version")
        message["Version"] = version if isinstance(version, str) and version[:1].isdigit() else _NO_VERSION
    return message


def with_metadata(files: Files, root: str) -> dict[str, File]:
    """Return ``files`` with the metadata of an installed package, below ``root``, and its version file.

    The version file is one that a build would write, as the project's settings ask for.
    """
    complete, message = dict(files), metadata(files)
    name, version = message.get("Name"), message.get("Version")
    if name and version and not any(path.endswith(".egg-info/PKG-INFO") for path in files):
        folder = posixpath.normpath(f"{root}/{name.replace('-', '_')}-{version}.dist-info")
        complete[f"{folder}/METADATA"] = files.get("PKG-INFO") or File(message.as_bytes())
    for keys in _VERSION_FILE_KEYS:
        path = _table(_toml(files), "tool", *keys[:-1]).get(keys[-1])
        if isinstance(path, str) and path.endswith(".py") and ".." not in path:
            complete.setdefault(posixpath.normpath(path).lstrip("/"), File(_VERSION_FILE.encode()))
    return dict(sorted(complete.items()))


def build_requirements(files: Files) -> tuple[str, ...]:
    """Return what a project needs to be built: what ``pyproject.toml`` says, otherwise setuptools."""
    needed = _table(_toml(files), "build-system").get("requires")
    listed = [need for need in needed if isinstance(need, str)] if isinstance(needed, list) else []
    return tuple(listed) or ("setuptools",)


def needs(files: Files) -> Needs:
    """Return the requirements that a project declares for itself and for its tests."""
    groups = _groups(files)
    own = plain_name(metadata(files).get("Name", ""))
    nonempty = [name for name, needed in groups.items() if needed]
    testing = [name for name in nonempty if name in _TESTING] or [name for name in nonempty if name in _DEVELOPING]
    testing = testing or [name for name in nonempty if name == _TOX]
    runtime = [need for need in groups.get("", ()) if plain_name(need) != own]
    tests = [need for name in testing for need in groups[name] if plain_name(need) != own]
    return Needs(
        tuple(dict.fromkeys(runtime)), tuple(need for need in dict.fromkeys(tests) if need not in runtime)
    )


def _groups(files: Files) -> dict[str, list[str]]:
    """Map each extra or group to its requirements; the key ``""`` is for those of the project itself."""
    toml, cfg = _toml(files), _cfg(files)
    groups: dict[str, list[str]] = {}

    def add(name: str, needed: Iterable[object]) -> None:
        requirements = [need.strip() for need in needed if isinstance(need, str) and plain_name(need)]
        groups.setdefault(name.lower(), []).extend(requirements)

    if _lists_requirements(files):
        for name, need in _of_metadata(metadata(files)):
            add(name, [need])
    else:
        add("", _table(toml, "project").get("dependencies") or ())
        add("", _section(cfg, "options").get("install_requires", "").splitlines())
        for name, extra in (_table(toml, "project", "optional-dependencies") | _extras(cfg)).items():
            add(name, extra)
        for name, extra in _of_setup(files):
            add(name, extra)
        add("", (name for name in _table(toml, "tool", "poetry", "dependencies") if name != "python"))
        if not groups.get("") and "requirements.txt" in files:
            add("", _lines(files["requirements.txt"]))
    for name in _table(toml, "dependency-groups"):
        add(name, _included(_table(toml, "dependency-groups"), name))
    for name, group in _table(toml, "tool", "poetry", "group").items():
        add(name, _table(group, "dependencies"))
    add("dev", _table(toml, "tool", "poetry", "dev-dependencies"))
    deps = _section(_cfg(files, "tox.ini"), "testenv").get("deps", "").splitlines()
    add(_TOX, (need for need in deps if ": " not in need))
    for path in files:
        if (match := _REQUIREMENTS_FILE.search(path)) and not groups.get(name := match[1] or match[2]):
            add(name, _lines(files[path]))
    return groups


def _lists_requirements(files: Files) -> bool:
    """Return whether there is a ``PKG-INFO``, of a version that lists requirements."""
    return "PKG-INFO" in files and not metadata(files).get("Metadata-Version", "1").startswith("1")


def _of_setup(files: Files) -> Iterator[tuple[str, Iterable[object]]]:
    """Yield the groups of requirements in ``setup.py``."""
    arguments = setup_arguments(files)
    extras = arguments.get("extras_require")
    plain = {"": arguments.get("install_requires"), "test": arguments.get("tests_require")}
    for name, needed in [*plain.items(), *(extras.items() if isinstance(extras, dict) else ())]:
        if needed and isinstance(needed, str | list | tuple):
            yield str(name), needed.splitlines() if isinstance(needed, str) else needed


def _of_metadata(message: Message) -> Iterator[tuple[str, str]]:
    """Yield each requirement with the extra that asks for it.

    The condition on the extra is replaced by a constant one, since pip does not know which extra is meant.
    """
    for need in message.get_all("Requires-Dist", []):
        extras = _EXTRA.findall(need)
        for extra in extras or [""]:
            need_of_extra = re.sub(rf"""extra\s*==\s*["']{re.escape(extra)}["']""", "python_version > '0'", need)
            yield extra, _EXTRA.sub("python_version < '0'", need_of_extra)


def _included(groups: Mapping[str, Any], name: str, above: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the requirements of a dependency group and of the groups that it includes."""
    group = groups.get(name)
    for need in group if isinstance(group, list) and name not in above else ():
        if isinstance(need, str):
            yield need
        elif isinstance(need, dict):
            yield from _included(groups, str(need.get("include-group")), (*above, name))


def _extras(cfg: configparser.RawConfigParser) -> dict[str, list[str]]:
    return {name: text.splitlines() for name, text in _section(cfg, "options.extras_require").items()}


def _lines(file: File) -> list[str]:
    lines = file.content.decode(errors="replace").splitlines()
    return [line.partition(" #")[0].strip() for line in lines if not line.lstrip().startswith(("#", "-"))]


def _toml(files: Files) -> dict[str, Any]:
    try:
        return tomllib.loads(files["pyproject.toml"].content.decode())
    except (KeyError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}


def _cfg(files: Files, path: str = "setup.cfg") -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    with suppress(KeyError, UnicodeDecodeError, configparser.Error):
        parser.read_string(files[path].content.decode())
    return parser


def _section(cfg: configparser.RawConfigParser, name: str) -> dict[str, str]:
    return dict(cfg.items(name)) if cfg.has_section(name) else {}


def _table(value: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}
