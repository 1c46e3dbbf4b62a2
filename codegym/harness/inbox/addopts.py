# ruff: noqa: PLC0415, PTH112, PTH113, PTH118, PTH120
"""Decides which options of a repository's ``addopts`` are used when its tests run in a box.

Tests may need some of these options: another import mode, a plugin, doctests, an option of their own
``conftest.py``. Others would hide results, or need what a box lacks: reports, coverage, workers, an early end, a
selection of tests. So an option is used if something in the box defines it (pytest, a plugin that ``addopts``
names, a conftest) and it is not in the list below. Undefined options are reported. Paths in ``addopts`` are never
used, since each run names its own.

``addopts`` is in files that no patch can change (``codegym/grade/protected.py``). Written for Python 3.8 and
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
"""Options that are never used, also with a suffix after a hyphen: ``--cov`` includes ``--cov-report``.

The strict options are among them because plugins of the image are not loaded: their marks and settings are
unknown, and strictness about these would fail correct tests.
"""
DROPPED_PLUGINS = re.compile(
    r"(?:pytest[-_.])?(?:xdist|cov|randomly|random[-_]order|sugar|html|json[-_]report|rerunfailures|timeout|instafail"
    r"|benchmark|profiling|metadata|picked|testmon|forked|cacheprovider|stepwise|pastebin|setuponly|setupplan)"
    r"(?:[.].*)?|no:(?:terminal|tmpdir)"
)
"""Plugins with options of that list, and ``no:…`` for plugins whose options the harness itself uses."""


class Addopts:
    """The choice of options for one run. ``missing`` are plugins that are not installed."""

    def __init__(self) -> None:
        self.missing: list[str] = []
        self._unknown: list[list[str]] = []

    @property
    def unused(self) -> list[str]:
        """The plugins that are not installed, and the options that nothing defines."""
        return self.missing + [group[0] for group in self._unknown]

    def usable(self, words: list[str], parser: Any) -> list[str]:
        """Return the words to use now; options unknown to ``parser`` wait for plugins and conftests."""
        usable: list[str] = []
        for group in groups(words):
            if is_dropped(group[0]):
                continue
            if re.match(r"-p(?!-)", group[0]):
                usable += self._plugin(group)
            else:
                self._unknown.append(group)
                usable += self.late(parser)
        return usable

    def late(self, parser: Any) -> list[str]:
        """Return the words of waiting options that ``parser`` knows now."""
        parts = [accepted_words(group, parser) for group in self._unknown]
        self._unknown = [group for group, part in zip(self._unknown, parts) if part is None]  # noqa: B905  Python 3.8
        return [word for part in parts if part is not None for word in part]

    def _plugin(self, group: list[str]) -> list[str]:
        name = (group[0][2:] or "".join(group[1:2])).strip()
        if not name or DROPPED_PLUGINS.fullmatch(name):
            return []
        if not has_plugin(name):
            self.missing.append("-p " + name)
            return []
        return ["-p", name]


def groups(words: list[str]) -> Iterator[list[str]]:
    """Yield each option with the words after it that are not options."""
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
    """Return whether an option is in :data:`DROPPED`."""
    if not option.startswith("--"):
        return option[:2] in DROPPED
    parts = option.partition("=")[0].split("-")
    return any("-".join(parts[:count]) in DROPPED for count in range(3, len(parts) + 1))


def accepted_words(group: list[str], parser: Any) -> list[str] | None:
    """Return an option with its values, without paths; ``None`` if ``parser`` does not know it."""
    import pytest

    try:
        parsed, unknown = parser.parse_known_and_unknown_args(group)
    except pytest.UsageError:
        return None
    return None if unknown else group[: len(group) - len(parsed.file_or_dir)]


def has_plugin(name: str) -> bool:
    """Return whether pytest can load a plugin: its own, a module, or an installed one by its entry point.

    Nothing is imported.
    """
    from importlib import metadata

    if name.startswith("no:") or has_module(name) or has_module("_pytest." + name):
        return True
    points = (point for distribution in metadata.distributions() for point in distribution.entry_points)
    return any(point.group == "pytest11" and point.name == name for point in points)


def has_module(name: str) -> bool:
    """Return whether there is a module with this dotted name; nothing is imported."""
    import os
    from importlib.machinery import PathFinder

    first, *rest = name.split(".")
    spec = PathFinder.find_spec(first) if first else None
    if spec is None or not rest:
        return spec is not None
    places = [os.path.join(folder, *rest) for folder in spec.submodule_search_locations or []]
    return any(os.path.isfile(place + ".py") or os.path.isdir(place) for place in places)


def own_paths(config: Any) -> list[str]:
    """Return the folders in the repository's ``pythonpath`` setting, even if the command overrides it.

    Without them a conftest may not be importable if ``addopts`` chooses another import mode.
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
    """Make pytest use only part of ``addopts``; return the choice, and the plugin that completes it later."""
    from _pytest.config import Config

    chosen = Addopts()
    validate = Config._validate_args

    def _validate_args(self: Any, args: list[str], via: str) -> list[str]:
        return validate(self, chosen.usable(args, self._parser), via)

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
