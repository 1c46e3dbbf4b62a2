"""Writes a recorded call as source: the callee's public name, its arguments, what came of it.

Written for Python 3.8, which a box may have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # in the box the programs are one text
    from codegym.foundry.record.inbox.arguments import parameters_of
    from codegym.foundry.record.inbox.expression import ExpressionWriter
    from codegym.foundry.record.inbox.names import PublicNames
    from codegym.foundry.record.inbox.objects import MadeObjects
    from codegym.foundry.record.inbox.values import UnwritableError, ValueWriter

_GENERATOR = 0x20
_TROUBLE = (ValueError, TypeError, AttributeError, RecursionError, RuntimeError)
"""What odd values may raise while they are written."""
_MESSAGE = 1000
_FRAMES = 6
_MOST_BYTES = 4 << 20
"""Characters of all calls together."""


class OpenCall:
    """One call that has begun. ``error`` is the last exception that was seen in it."""

    def __init__(self, facts: dict[str, Any], used: list[int], instance: Any) -> None:
        self.facts = facts
        self.used = used
        self.instance = instance
        self.error: Any = None
        self.yielded: list[Any] = []
        self.is_broken = False


class CallWriter:
    """Collects the calls of one run in ``calls``, each distinct call once. ``settings`` bounds how many."""

    def __init__(self, names: PublicNames, objects: MadeObjects, settings: dict[str, Any]) -> None:
        self.names, self.objects = names, objects
        self.values = ValueWriter(names, objects.variable)
        self.root = settings["root"].rstrip("/") + "/"
        self.most, self.most_each = settings["most"], settings["most_each"]
        self.calls: list[dict[str, Any]] = []
        self.names_of_file: dict[str, dict[tuple[str, int], str]] = {}
        self._counts: dict[tuple[str, str], int] = {}
        self._texts: set[str] = set()
        self._bytes = 0
        self._codes: list[Any] = []
        self._test = ""

    def keep(self, code: Any) -> None:
        """Keep a code alive, since it is known by its id."""
        self._codes.append(code)

    def is_full(self) -> bool:
        """Return whether no further call is recorded."""
        return len(self.calls) >= self.most or self._bytes > _MOST_BYTES

    def start(self, test: str) -> None:
        """Begin with a test."""
        self._test = test
        self.objects.clear()

    def stop(self) -> None:
        """End with a test."""
        self.objects.clear()

    def begin(self, frame: Any, path: str, name: str, is_direct: bool) -> OpenCall:
        """Return a call that begins in ``frame``; its arguments are written now, before they change."""
        self.values.modules.clear()
        self.objects.used.clear()
        entry = self.names.of_function(frame)
        instance, parameters = parameters_of(frame, entry, name)
        self.values.may_write_lambdas = True
        arguments = [(key, prefix, self._write(value)) for key, prefix, value in parameters]
        self.values.may_write_lambdas = False
        source, statement = self._source(
            entry, instance, arguments, is_generator=bool(frame.f_code.co_flags & _GENERATOR)
        )
        used = list(dict.fromkeys(self.objects.used))
        before = self.objects.setup(used)
        setup, modules = before or ([], set())
        facts = {
            "path": path,
            "function": name,
            "line": frame.f_code.co_firstlineno,
            "name": f"{entry[0]}.{entry[1]}" if entry else "",
            "source": source if before is not None else "",
            "statement": statement,
            "setup": setup,
            "modules": sorted(self.values.modules | modules),
            "arguments": [[key, text] for key, _, text in arguments],
            "direct": is_direct,
            "test": self._test,
        }
        return OpenCall(facts, used, instance if name.endswith("__init__") else None)

    def _source(self, entry: Any, instance: Any, arguments: list[Any], *, is_generator: bool) -> tuple[str, str]:
        if entry is None or not all(text for _, _, text in arguments):
            return "", ""
        try:
            texts = [prefix + text for _, prefix, text in arguments]
            source, statement = ExpressionWriter(self.values).write(entry, instance, texts)
        except (UnwritableError, *_TROUBLE):
            return "", ""
        return (f"list({source})", f"list({source})") if is_generator else (source, statement)

    def end(self, call: OpenCall, value: Any, *, raised: bool) -> None:
        """Add the call, which returned ``value`` or raised its last exception."""
        facts = call.facts
        if raised and call.error is None:
            return
        if not raised and call.instance is not None:
            value = call.instance
        facts.update(self.raised(call.error) if raised else self._returned(value, call))
        if facts["direct"] and facts["source"] and not raised:
            if not facts["value"] and self._is_own(value):
                self.objects.add(value, facts["source"], facts["modules"], call.used)
            elif facts["statement"]:
                prints = facts["statement"] == facts["source"] and facts["value"] != "None"
                text = "_ = " + facts["statement"] if prints else facts["statement"]
                self.objects.change(text, facts["modules"], call.used)
        self._add(facts)

    def _add(self, facts: dict[str, Any]) -> None:
        key = (facts["path"], facts["name"] or facts["function"])
        parts = ("setup", "source", "arguments", "kind", "value", "type", "message")
        text = repr([key, *(facts[part] for part in parts)])
        if text in self._texts or self._counts.get(key, 0) >= self.most_each:
            return
        self._texts.add(text)
        self._counts[key] = self._counts.get(key, 0) + 1
        self._bytes += len(text)
        self.calls.append(facts)

    def _is_own(self, value: Any) -> bool:
        module = str(getattr(type(value), "__module__", "builtins"))
        return module != "builtins" and type(value).__name__ != "generator"

    def _returned(self, value: Any, call: OpenCall) -> dict[str, Any]:
        facts = self.returned(value)
        if call.is_broken:
            facts["value"] = ""
        call.facts["modules"] = sorted({*call.facts["modules"], *self.values.modules})
        return facts

    def returned(self, value: Any) -> dict[str, Any]:
        """Return the facts of a call that returned ``value``."""
        self.values.modules.clear()
        self.objects.used.clear()
        text = self._write(value)
        if self.objects.used:  # a variable: the value is an object that can't be written
            text = ""
        return {"kind": "returned", "value": text, "type": type(value).__name__, "message": "", "frames": []}

    def raised(self, error: Any) -> dict[str, Any]:
        """Return the facts of a call that raised ``error`` (type, value, traceback)."""
        kind, value, trace = error
        public = self.names.of_object(kind)
        try:
            message = str(value)[:_MESSAGE]
        except Exception:  # noqa: BLE001  the message comes from the package's own code
            message = ""
        frames = []
        while trace is not None:
            code = trace.tb_frame.f_code
            if code.co_filename.startswith(self.root):
                frames.append([code.co_filename[len(self.root) :], trace.tb_lineno, code.co_name])
            trace = trace.tb_next
        name = ".".join(filter(None, public)) if public else kind.__name__
        return {"kind": "raised", "value": "", "type": name, "message": message, "frames": frames[-_FRAMES:]}

    def _write(self, value: Any) -> str:
        try:
            return self.values.write(value)
        except (UnwritableError, *_TROUBLE):
            return ""
