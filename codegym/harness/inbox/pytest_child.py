# ruff: noqa: PLC0415, PTH116, S302
"""The process that runs pytest and the agent's code; other processes check its report.

It sends what it observes over a packet socket, one fact per packet. Each packet begins with a secret that the
process read before it imported anything of the repository. Only this file's plugins and pytest's own are loaded.
Written for Python 3.8 and pytest 6 and later, since a box may have other versions than we.

Facts are JSON lists: ``["collected", [id…]]``, ``["start", n]``, ``["test", n, outcomes, crash, text]``,
``["collect", id, crash, text]``, ``["internal", text]``, ``["aside", [option…]]``, ``["end", exit code]``.
"""

from __future__ import annotations

import gc
import io
import marshal
import os
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # in the box the programs are one text
    from codegym.harness.inbox.addopts import filter_addopts
    from codegym.harness.inbox.compiler import key_of

_TEXT = 6000
_TEXTS = 40
_CHUNK = 200
_OF_TESTS = re.compile(r"/tests?/|/conftest\.py$|/(?:test_[^/]*|[^/]*_test)\.py$")
"""Matches files that no patch can change. See ``codegym/grade/protected.py``."""


def run_child(channel: int, settings: int) -> None:
    """Read the settings from the pipe ``settings``, run pytest, and end the process; never returns."""
    import json

    import pytest

    with open(settings, "rb") as pipe:
        request = json.loads(pipe.readline())
        codes = _read_codes(pipe.read())
    requested = set(request["ids"])
    secret = bytes.fromhex(request.pop("secret"))

    def tell(*fact: Any) -> None:
        os.write(channel, secret + json.dumps(fact).encode("utf-8", "replace"))

    gc.set_threshold(50_000, 20, 20)
    _trust_no_byte_code()
    _use(codes)
    os.chdir(request["root"])
    sys.path.insert(0, request["root"])
    sys.argv = ["pytest"]
    paths = [path for path in request["paths"] if os.path.lexists(path)]
    code = 4
    if paths or not request["paths"]:
        chosen, late = filter_addopts(pytest)
        expected: set[tuple[str, str]] = set()
        plugins = [_Recorder(pytest, tell, requested, expected), _Expected(pytest, expected), late]
        options, seconds = _split_limit(request["options"])
        plugins += [_Limit(pytest, seconds)] if seconds else []
        code = int(pytest.main([*options, *paths], plugins=plugins))
        tell("aside", chosen.unused[:_CHUNK])
    tell("end", code)
    os._exit(code)


def _trust_no_byte_code() -> None:
    """Compile every module from its source, except those of Python's own installation, which is read-only.

    Python trusts a cached ``.pyc`` if size and time match, so an agent could put other code into it.
    """
    from importlib import _bootstrap_external as loaders

    from _pytest.assertion import rewrite

    name_of = loaders.cache_from_source
    installed = tuple(prefix.rstrip("/") + "/" for prefix in (sys.prefix, sys.base_prefix))

    def cache_from_source(path: Any, *args: Any, **options: Any) -> Any:
        if not os.fspath(path).startswith(installed):
            raise NotImplementedError
        return name_of(path, *args, **options)

    loaders.cache_from_source = cache_from_source
    rewrite._read_pyc = lambda *_args, **_options: None


def _read_codes(parts: bytes) -> dict[bytes, bytes]:
    codes: dict[bytes, bytes] = {}
    stream = io.BytesIO(parts)
    while key := stream.read(32):
        codes[key] = stream.read(int.from_bytes(stream.read(4), "big"))
    return codes


def _use(codes: dict[bytes, bytes]) -> None:
    """Make imports use the code in ``codes`` if it was compiled from a file's present content."""
    from importlib.machinery import SourceFileLoader

    from _pytest.assertion import rewrite

    compile_plain, compile_test = SourceFileLoader.source_to_code, rewrite._rewrite_test

    def source_to_code(self: Any, data: Any, path: Any, **options: Any) -> Any:
        code = codes.get(key_of("plain", path, data)) if isinstance(data, bytes) else None
        return compile_plain(self, data, path, **options) if code is None else marshal.loads(code)

    def rewrite_test(path: Any, config: Any) -> Any:
        code = codes.get(key_of("test", str(path), path.read_bytes()))
        if code is None or config.getini("enable_assertion_pass_hook"):
            return compile_test(path, config)
        return os.stat(path), marshal.loads(code)

    SourceFileLoader.source_to_code = source_to_code  # type: ignore[method-assign]
    rewrite._rewrite_test = rewrite_test  # type: ignore[assignment]


def _ancestors(ids: set[str]) -> set[str]:
    ancestors: set[str] = set()
    for node in ids:
        parts = node.partition("[")[0].split("::")
        ancestors.update("::".join(parts[: n + 1]) for n in range(len(parts)))
    return ancestors


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT else text[: _TEXT // 2] + "\n[…]\n" + text[-_TEXT // 2 :]


def _crash(report: Any) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        return _error_first(str(crash.message).splitlines())
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])[:2000]
    lines = [line for line in str(report.longrepr or "").splitlines() if line.strip()]
    marked = [line[1:].strip() for line in lines if line.startswith("E ")]
    return _error_first(marked or lines[-1:])


def _error_first(lines: list[str]) -> str:
    """Return a message; if Python put the place of an error first, put the error's own line before it."""
    if lines and lines[0].lstrip().startswith("File "):
        errors = [line for line in lines if line[:1].isalpha() and "Error" in line.partition(":")[0]]
        lines = errors[-1:] + lines
    return "\n".join(lines)[:2000]


def _letter(report: Any) -> str:
    """Return one letter for an outcome. ``x`` is an expected failure, ``u`` a subtest that passed."""
    letter = str(report.outcome)[0]
    if hasattr(report, "wasxfail"):
        return "x"
    if type(report).__name__ == "SubtestReport" or type(report).__name__ == "SubTestReport":
        return "u" if letter == "p" else letter
    return letter


def _expects_failure(item: Any, call: Any, imperative: Any) -> bool:
    """Return whether the tests expect this failure: by a mark, or by calling ``pytest.xfail`` themselves.

    The code under test may call that function as well; such a call does not count.
    """
    if call.excinfo is None or not isinstance(call.excinfo.value, imperative):
        return item.get_closest_marker("xfail") is not None
    paths = [str(entry.path) for entry in call.excinfo.traceback]
    callers = [path for path in paths if not re.search(r"/_pytest/|/pluggy/|/unittest/", path)]
    return not callers or callers[-1] == str(item.fspath) or _OF_TESTS.search(callers[-1]) is not None


def _split_limit(options: list[str]) -> tuple[list[str], float]:
    """Return the options without ``--timeout=SECONDS``, and those seconds (0: no limit).

    The option is that of the plugin pytest-timeout, which need not be in the box. A loaded one gets the option.
    """
    limits = [option for option in options if option.startswith("--timeout=")]
    if not limits or any("pytest_timeout" in option for option in options):
        return options, 0.0
    return [option for option in options if option not in limits], float(limits[-1].partition("=")[2])


def _Limit(pytest: Any, seconds: float) -> Any:  # noqa: N802
    """Make a plugin that fails each test that takes more than ``seconds``, so that the others still run.

    Code that never returns to Python, or that catches everything, is ended by the time limit of the whole run.
    """
    import signal

    def stop(*_: Any) -> None:
        pytest.fail(f"did not end within {seconds:g} s")

    class Limit:
        def pytest_runtest_call(self) -> Iterator[None]:
            signal.signal(signal.SIGALRM, stop)
            signal.setitimer(signal.ITIMER_REAL, seconds)
            yield
            signal.setitimer(signal.ITIMER_REAL, 0)

    pytest.hookimpl(tryfirst=True, hookwrapper=True)(Limit.pytest_runtest_call)
    return Limit()


def _Expected(pytest: Any, expected: set[tuple[str, str]]) -> Any:  # noqa: N802
    """Make a plugin that adds to ``expected`` each (test, phase) that failed as the tests expect."""

    class Expected:
        def pytest_runtest_makereport(self, item: Any, call: Any) -> Iterator[None]:
            outcome: Any = yield
            report = outcome.get_result()
            declared = hasattr(report, "wasxfail") and report.skipped
            if declared and _expects_failure(item, call, pytest.xfail.Exception):
                expected.add((report.nodeid, report.when))

    pytest.hookimpl(tryfirst=True, hookwrapper=True)(Expected.pytest_runtest_makereport)
    return Expected()


def _Recorder(pytest: Any, tell: Any, requested: set[str], expected: set[tuple[str, str]]) -> Any:  # noqa: N802
    """Make the plugin that reports facts. Its state is in closures, so that no attribute leads to the channel."""
    above = _ancestors(requested)
    numbers: dict[str, int] = {}
    now: dict[str, Any] = {}
    texts = [0]

    def text_of(report: Any) -> str:
        texts[0] += 1
        if texts[0] > _TEXTS:
            return ""
        return _cut("\n".join([str(report.longreprtext), *_printed(report)]))

    class Recorder:
        def pytest_pycollect_makeitem(self, collector: Any, name: str) -> Any:
            is_filtered = requested and type(collector).__name__ != "UnitTestCase"
            return [] if is_filtered and collector.nodeid + "::" + name not in above else None

        def pytest_collection_modifyitems(self, items: list[Any]) -> None:
            if requested:
                items[:] = [item for item in items if item.nodeid in requested]

        def pytest_collection_finish(self, session: Any) -> None:
            ids = [item.nodeid for item in session.items]
            numbers.update((node, n) for n, node in enumerate(ids))
            for first in range(0, len(ids), _CHUNK):
                tell("collected", ids[first : first + _CHUNK])

        def pytest_collectreport(self, report: Any) -> None:
            if report.failed:
                tell("collect", report.nodeid, _crash(report), text_of(report))

        def pytest_runtest_logstart(self, nodeid: str) -> None:
            now.update(id=nodeid, outcomes="", crash="", text="")
            tell("start", numbers[nodeid])

        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.nodeid != now.get("id"):
                return
            letter = "e" if (report.nodeid, report.when) in expected else _letter(report)
            now["outcomes"] += report.when[0] + letter
            if report.failed and not now["crash"]:
                now.update(crash=_crash(report), text=text_of(report))

        def pytest_runtest_logfinish(self, nodeid: str) -> None:
            tell("test", numbers[nodeid], now["outcomes"], now["crash"], now["text"])

        def pytest_internalerror(self, excrepr: Any) -> None:
            tell("internal", _cut(str(excrepr)))

    pytest.hookimpl(trylast=True)(Recorder.pytest_collection_modifyitems)
    pytest.hookimpl(tryfirst=True)(Recorder.pytest_collection_finish)
    return Recorder()


def _printed(report: Any) -> Iterator[str]:
    for title, content in report.sections:
        if content.strip():
            yield f"----- {title} -----\n{content.rstrip()}"
