# ruff: noqa: PLC0415, PTH112, PTH113, PTH118, PTH120
"""Decides which options of a repository's ``addopts`` hold while its tests run in a box.

Tests may need such options: another import mode, a plugin, doctests, an option of their own ``conftest.py``.
Others would hide what we want to see, or need what a box has not: reports, coverage, workers, an early end, a
choice of tests. So an option holds if somebody in the box knows it (pytest, a plugin that ``addopts`` names, a
conftest) and it is not in the list below. Those that nobody knows are reported. Paths never hold: what runs is
asked for.

``addopts`` stand in files that no patch can change (``codegym/grade/protected.py``). Written for Python 3.8 and
pytest 6 and later.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

DROPPED = frozenset(
    """
    -x --exitfirst --maxfail --max-warnings --stepwise --sw --lf --last-failed --ff --failed-first --nf --new-first
    --lfnf --pdb --pdbcls --usepdb --trace --debug --pastebin --collect-only --collectonly --co --fixtures
    --fixtures-per-test --funcargs --markers --setup-only --setup-show --setup-plan --help -h --version -V

    -v --verbose --verbosity -q --quiet -s --capture -r --report -l --showlocals --no-showlocals --show-capture
    --tb --xfail-tb --full-trace --fulltrace --color --code-highlight --durations --no-header --no-summary
    --no-fold-skipped --force-short-summary --disable-warnings --disable-pytest-warnings --log-cli --log-file
    --log-auto-indent --doctest-report --trace-config --cache --basetemp --rootdir -c --config-file

    -k -m --deselect --pyargs --keep-duplicates --picked --testmon --splits --group

    --cov --no-cov --no-cov-on-fail --junit --junitxml --junit-xml --html --self-contained-html --json
    --csv --md --report-log --tap-stream --alluredir --allure --benchmark --profile --profile-svg --memray --sugar
    --instafail --snapshot --test-run-title

    -n --numprocesses --maxprocesses --max-worker-restart --maxschedchunk --dist -d --tx --px --rsyncdir
    --rsyncignore --testrunuid --forked --boxed --looponfail -f --workers --tests-per-worker --loadscope-reorder
    --no-loadscope-reorder --timeout --timeout_method --session-timeout --faulthandler-timeout --reruns
    --reruns-delay --only-rerun --rerun-except --force-flaky --no-flaky-report --max-runs --randomly --random-order

    --flake8 --flakes --pylint --mypy --black --isort --ruff --pycodestyle --pydocstyle --pep8 --codestyle
    --strict --strict-markers --strict-config
    """.split()  # noqa: SIM905  a list literal would be three times as long
)
"""Options that never hold, and all whose names go on with a hyphen: ``--cov`` stands for ``--cov-report`` too.

The strict ones are among them since plugins of the image are not loaded: their marks and settings are not known,
and being strict about that would fail tests that are right.
"""
DROPPED_PLUGINS = re.compile(
    r"(?:pytest[-_.])?(?:xdist|cov|randomly|random[-_]order|sugar|html|json[-_]report|rerunfailures|timeout|instafail"
    r"|benchmark|profiling|metadata|picked|testmon|forked|cacheprovider|stepwise|pastebin|setuponly|setupplan)"
    r"(?:[.].*)?|no:(?:terminal|tmpdir)"
)
"""Plugins for what is in the list above, and the absence of those that have the harness's own options."""


class Addopts:
    """The options of one run. ``missing`` are plugins that are not there."""

    def __init__(self) -> None:
        self.missing: list[str] = []
        self._unknown: list[list[str]] = []

    @property
    def aside(self) -> list[str]:
        """The options that nobody knew, and the plugins that are not there."""
        return self.missing + [group[0] for group in self._unknown]

    def kept(self, words: list[str], parser: Any) -> list[str]:
        """Return the words that hold; options unknown to ``parser`` wait for plugins and conftests."""
        kept: list[str] = []
        for group in groups(words):
            if is_dropped(group[0]):
                continue
            if re.match(r"-p(?!-)", group[0]):
                kept += self._plugin(group)
            else:
                self._unknown.append(group)
                kept += self.late(parser)
        return kept

    def late(self, parser: Any) -> list[str]:
        """Return the words that hold because ``parser`` knows more options than before."""
        known = [known_part(group, parser) for group in self._unknown]
        self._unknown = [group for group, part in zip(self._unknown, known) if part is None]  # noqa: B905  Python 3.8
        return [word for part in known if part is not None for word in part]

    def _plugin(self, group: list[str]) -> list[str]:
        name = (group[0][2:] or "".join(group[1:2])).strip()
        if not name or DROPPED_PLUGINS.fullmatch(name):
            return []
        if not has_plugin(name):
            self.missing.append("-p " + name)
            return []
        return ["-p", name]


def groups(words: list[str]) -> Iterator[list[str]]:
    """Yield each option with the words behind it that are no options."""
    group: list[str] = []
    for word in words:
        if word.startswith("-") and len(word) > 1:
            if group:
                yield group
            group = [word]
        elif group:
            group.append(word)
    if group:
        yield group


def is_dropped(option: str) -> bool:
    """Return whether an option is one of those that never hold."""
    if not option.startswith("--"):
        return option[:2] in DROPPED
    parts = option.partition("=")[0].split("-")
    return any("-".join(parts[:count]) in DROPPED for count in range(3, len(parts) + 1))


def known_part(group: list[str], parser: Any) -> list[str] | None:
    """Return an option with its values, if ``parser`` knows it; what it takes for paths is left out."""
    import pytest

    try:
        parsed, unknown = parser.parse_known_and_unknown_args(group)
    except pytest.UsageError:
        return None
    return None if unknown else group[: len(group) - len(parsed.file_or_dir)]


def has_plugin(name: str) -> bool:
    """Return whether pytest would find a plugin: one of its own, a module, or an installed one by its entry point.

    Nothing is imported for that.
    """
    from importlib import metadata

    if name.startswith("no:") or has_module(name) or has_module("_pytest." + name):
        return True
    points = (point for found in metadata.distributions() for point in found.entry_points)
    return any(point.group == "pytest11" and point.name == name for point in points)


def has_module(name: str) -> bool:
    """Return whether a module can be found by its dotted name; nothing is imported for that."""
    import os
    from importlib.machinery import PathFinder

    first, *rest = name.split(".")
    spec = PathFinder.find_spec(first) if first else None
    if spec is None or not rest:
        return spec is not None
    places = [os.path.join(folder, *rest) for folder in spec.submodule_search_locations or []]
    return any(os.path.isfile(place + ".py") or os.path.isdir(place) for place in places)


def own_paths(config: Any) -> list[str]:
    """Return the folders that the repository's ``pythonpath`` names, whatever the command says instead of it.

    Without them a conftest may not be importable where ``addopts`` ask for another import mode.
    """
    import os
    import shlex

    from _pytest.config.findpaths import load_config_dict_from_file

    if not config.inipath:
        return []
    setting: Any = (load_config_dict_from_file(config.inipath) or {}).get("pythonpath", [])
    setting = getattr(setting, "value", setting)
    folder = os.path.dirname(str(config.inipath))
    return [os.path.join(folder, path) for path in (shlex.split(setting) if isinstance(setting, str) else setting)]


def filter_addopts(pytest: Any) -> tuple[Addopts, Any]:
    """Make pytest take only what holds of ``addopts``; return the choice, and the plugin that completes it."""
    from _pytest.config import Config

    chosen = Addopts()
    validate = Config._validate_args

    def _validate_args(self: Any, args: list[str], via: str) -> list[str]:
        return validate(self, chosen.kept(args, self._parser), via)

    class LateOptions:
        def pytest_load_initial_conftests(self, early_config: Any, args: list[str], parser: Any) -> Iterator[None]:
            args[:0] = chosen.late(parser)
            sys.path += [path for path in own_paths(early_config) if path not in sys.path]
            outcome: Any = yield
            outcome.get_result()
            args[:0] = chosen.late(parser)

    Config._validate_args = _validate_args  # type: ignore[method-assign]
    pytest.hookimpl(tryfirst=True, hookwrapper=True)(LateOptions.pytest_load_initial_conftests)
    return chosen, LateOptions()
