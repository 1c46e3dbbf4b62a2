"""What a ``package.json`` says of a JavaScript project: how its tests run, and which packages they need.

The file is read, and none of its scripts is run.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from codegym.errors import ConfigError
from codegym.tree import Files

_NEEDS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_NOT_FOR_TESTS = re.compile(
    r"eslint|eslint-.*|@eslint/.*|@typescript-eslint/.*|@[\w.-]+/eslint-.*|prettier.*|xo|standard|semistandard|jshint"
    r"|jscs|husky|lint-staged|np|npmignore|release-it|semantic-release|@semantic-release/.*|standard-version|nyc|c8"
    r"|codecov|coveralls|typedoc.*|jsdoc.*|documentation|auto-changelog|in-publish|safe-publish-latest|aud|evalmd"
    r"|dtslint|tsd|size-limit|@size-limit/.*|@commitlint/.*|karma.*|puppeteer.*|playwright.*|cypress|tap-spec|nodemon"
)
"""Linters, builders of documentation, measures of coverage, browsers, and tools for releases."""
_ELSEWHERE = re.compile(
    r"(?:file|link|workspace|portal|git[+\w]*|github|gitlab|bitbucket|https?):|[\w.-]+/[\w.-]+"
)
"""Versions that are no versions of a registry: folders, git repositories, archives."""


def package_json(files: Files) -> dict[str, Any]:
    """Return the content of the root's ``package.json``; empty if there is none that can be read."""
    try:
        content = json.loads(files["package.json"].content)
    except (KeyError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def test_script(files: Files) -> str:
    """Return the script ``test``. Raises :class:`~codegym.errors.ConfigError` if there is none."""
    scripts = package_json(files).get("scripts")
    script = scripts.get("test") if isinstance(scripts, dict) else None
    if not isinstance(script, str):
        raise ConfigError("package.json has no script 'test' for npm test: use --test-command")
    return script


def test_commands(files: Files) -> list[list[str]]:
    """Return the words of each command that ``npm test`` runs, in order.

    Raises :class:`~codegym.errors.ConfigError` if there is no script for tests.
    """
    try:
        return list(_commands(package_json(files).get("scripts", {}), test_script(files), ("test",)))
    except ValueError as error:
        raise ConfigError(
            f"the script 'test' of package.json can't be read ({error}): use --test-command"
        ) from error


def _commands(scripts: Mapping[str, Any], script: str, above: tuple[str, ...]) -> Iterator[list[str]]:
    """Yield the words of each command of a script, with the scripts that it runs in turn replaced by theirs."""
    for part in re.split(r"&&|;", script):
        words = shlex.split(part)
        for name in _scripts_run(words):
            if isinstance(scripts.get(name), str) and name not in above:
                yield from _commands(scripts, scripts[name], (*above, name))
        if words and not any(name in scripts for name in _scripts_run(words)):
            yield words


def _scripts_run(words: list[str]) -> list[str]:
    """Return the names of the scripts that a command runs."""
    if words[:1] in (["run-s"], ["run-p"], ["npm-run-all"]):
        return [word for word in words[1:] if not word.startswith("-")]
    if words[:1] in (["npm"], ["pnpm"], ["yarn"]):
        rest = words[2:] if words[1:2] in (["run"], ["run-script"]) else words[1:]
        return [word for word in rest if not word.startswith("-")][:1]
    return []


def npm_needs(files: Files) -> tuple[dict[str, dict[str, str]], tuple[str, ...]]:
    """Return the packages that a project needs for its tests, as sections of a ``package.json``.

    Also return those that are left out, since no registry has them. A tool that is not for tests is left out too,
    except if a file of the project imports it.
    """
    declared, missing = package_json(files), list[str]()
    sections: dict[str, dict[str, str]] = {}
    for section in _NEEDS:
        packages = declared.get(section)
        for name, version in packages.items() if isinstance(packages, dict) else ():
            if not isinstance(version, str) or (_NOT_FOR_TESTS.fullmatch(name) and not _is_named(name, files)):
                continue
            if _ELSEWHERE.match(version):
                missing.append(f"{name}@{version}")
            else:
                sections.setdefault(section, {})[name] = version
    return sections, tuple(missing)


def _is_named(name: str, files: Files) -> bool:
    """Return whether a JavaScript file imports the package ``name``."""
    imports = re.compile(rf"""(?:from|import|require\()\s*["']{re.escape(name)}["'/]""".encode())
    sources = (file for path, file in files.items() if path.endswith((".js", ".mjs", ".cjs", ".ts")))
    return any(imports.search(file.content) for file in sources)
