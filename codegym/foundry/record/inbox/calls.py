# ruff: noqa: PLC0415, PTH123
"""Records calls into a package's own files while its tests run, as a plugin of pytest.

Calls are watched by :func:`sys.settrace`, in the thread and the phase in which a test itself runs; nothing is
replaced, so the code sees the same functions as without it. Coroutines are not recorded; what a generator yields
is recorded as a list. Written for Python 3.8 and pytest 6, which a box may have. ``SETTINGS`` is written in front.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dis import opname
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # in the box the programs are one text
    from codegym.foundry.record.inbox.names import PublicNames, names_in
    from codegym.foundry.record.inbox.objects import MadeObjects
    from codegym.foundry.record.inbox.written import CallWriter, OpenCall

    SETTINGS: dict[str, Any] = {}

_COROUTINE = 0x80 | 0x100 | 0x200
_GENERATOR = 0x20
_MOST_YIELDED = 60
_FARTHEST = 40
"""Frames of other libraries between a test and a function that it calls."""


class CallWatch:
    """Watches the calls of one run. ``settings``: see :func:`codegym.foundry.record.record.record_calls`."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.root = settings["root"].rstrip("/") + "/"
        self.sources = {self.root + path: path for path in settings["sources"]}
        self.direct = settings["direct"]
        self.boundaries = settings["functions"]
        self.functions: dict[str, dict[int, tuple[str, bool]]] = {}
        self.open: dict[Any, OpenCall] = {}
        self.writer = CallWriter(PublicNames(), MadeObjects(), settings)

    def trace(self, frame: Any, event: str, _: Any) -> Any:
        """Begin to record the call of ``frame`` if it is wanted. A function for :func:`sys.settrace`."""
        path = self.sources.get(frame.f_code.co_filename)
        if path is None or event != "call" or self.writer.is_full():
            return None
        if frame in self.open:
            return self.follow
        code = frame.f_code
        name, is_boundary = self._functions(path, code).get(id(code), ("", False))
        if not name or code.co_flags & _COROUTINE:
            return None
        is_direct = self.direct and self._is_direct(frame)
        if not is_boundary and not is_direct:
            return None
        self.open[frame] = self.writer.begin(frame, path, name, is_direct)
        frame.f_trace_lines = False
        return self.follow

    def follow(self, frame: Any, event: str, argument: Any) -> Any:
        """Record how a call goes on and ends."""
        call = self.open.get(frame)
        if call is None:
            return None
        if event == "exception":
            call.error = argument
        elif event == "return":
            how = _ending(frame.f_code, frame.f_lasti)
            is_generator = frame.f_code.co_flags & _GENERATOR
            if is_generator and how == "yield":
                self._add_yielded(call, argument)
                return self.follow
            del self.open[frame]
            value = call.yielded if is_generator and how == "return" else argument
            self.writer.end(call, value, raised=how != "return")
        return self.follow

    def _add_yielded(self, call: OpenCall, value: Any) -> None:
        if call.error is not None and not issubclass(call.error[0], StopIteration):
            call.is_broken = True
        call.error = None
        if len(call.yielded) < _MOST_YIELDED:
            call.yielded.append(value)
        else:
            call.is_broken = True

    def _functions(self, path: str, code: Any) -> dict[int, tuple[str, bool]]:
        """Map the id of each code that ``path`` was seen to run to its name, and to whether it is a boundary."""
        seen_codes = self.functions.setdefault(path, {})
        if id(code) not in seen_codes:
            names_by_place = self._names(path)
            name = names_by_place.get((code.co_name, code.co_firstlineno), "")
            seen_codes[id(code)] = (name, self._is_boundary(path, name, code.co_firstlineno, names_by_place))
            self.writer.keep(code)
        return seen_codes

    def _names(self, path: str) -> dict[tuple[str, int], str]:
        if path not in self.writer.names_of_file:
            try:
                with open(self.root + path, "rb") as file:
                    module = compile(file.read(), path, "exec", dont_inherit=True)
                names_by_place = {(code.co_name, code.co_firstlineno): name for name, code in names_in(module)}
            except (OSError, SyntaxError, ValueError):
                names_by_place = {}
            self.writer.names_of_file[path] = names_by_place
        return self.writer.names_of_file[path]

    def _is_boundary(self, path: str, name: str, line: int, names_by_place: dict[tuple[str, int], str]) -> bool:
        """Return whether a function is one of the wanted ones.

        Of several with one name it is the nearest above the wanted line, since decorators are above a ``def``.
        """
        for wanted_path, wanted_name, wanted_line in self.boundaries:
            if wanted_path == path and wanted_name == name:
                starts = [start for (_, start), other in names_by_place.items() if other == name]
                above = [start for start in starts if start <= wanted_line] or starts
                if max(above) == line:
                    return True
        return False

    def _is_direct(self, frame: Any) -> bool:
        """Return whether a test's own code makes this call, perhaps through another library."""
        caller = frame.f_back
        for _ in range(_FARTHEST):
            if caller is None:
                return False
            path = caller.f_code.co_filename
            if path.startswith(self.root):
                return path not in self.sources
            caller = caller.f_back
        return False


def _ending(code: Any, at: int) -> str:
    """Return how a frame is left at an instruction: by ``return``, ``yield`` or an error (``raise``)."""
    operations = [opname[code.co_code[place]] for place in (at, at + 2) if 0 <= place < len(code.co_code)]
    if operations[0].startswith("RETURN_"):
        return "return"
    if operations[0] == "YIELD_VALUE" or operations[1:] == ["YIELD_FROM"]:
        return "yield"
    return "raise"


class CallPlugin:
    """The plugin that watches while a test itself runs, and writes the record at the end."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.watch = CallWatch(settings)

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtest_call(self, item: Any) -> Iterator[None]:
        """Watch one test."""
        self.watch.writer.start(str(item.nodeid))
        before = sys.gettrace()
        sys.settrace(self.watch.trace)
        try:
            yield
        finally:
            sys.settrace(before)
            self.watch.open.clear()
            self.watch.writer.stop()

    def pytest_unconfigure(self) -> None:
        """Write the record in one line, as :func:`codegym.harness.answer.read_answer` reads it."""
        import base64
        import json
        import zlib

        text = json.dumps(self.watch.writer.calls).encode("utf-8", "replace")
        line = "\n{} {}\n".format(self.settings["nonce"], base64.b64encode(zlib.compress(text, 6)).decode())
        partial = self.settings["record"] + ".part"
        with open(partial, "w") as file:
            file.write(line)
        os.replace(partial, self.settings["record"])  # noqa: PTH105  a path in the box


def pytest_configure(config: Any) -> None:
    """Add the plugin."""
    config.pluginmanager.register(CallPlugin(SETTINGS), "codegym-calls")
