"""HumanEvalPack's JavaScript: ``solution.js``, tested by node's test runner.

The pack's programs use ``console.assert``, which only prints. Here a false assertion throws. The checks run in a
process of their own, and pass only if that process reaches their end.
"""

from __future__ import annotations

import re

from codegym.importer.function.pack_layout import Layout
from codegym.importer.kit_text import kit
from codegym.importer.rows import Row

_TEST = """\
const {{ test }} = require('node:test')
const {{ passes }} = require('./checks.cjs')

test('{name}', () => passes('{checks}'))
"""
_CHECKS = """\
const {{ ok: holds }} = require('node:assert')
const {{ {name} }} = require('../solution.js')

{provided}{checks}
"""


def js_layout(row: Row, solution: str) -> Layout:
    """Return the layout of a row with ``solution`` as the function's body."""
    name, example = _name(row), str(row.get("example_test") or "")
    whole = f"{row['prompt']}{solution}".rstrip() + f"\n\nmodule.exports = {{ {name} }}\n"
    files = {"solution.js": whole, "test/checks.cjs": kit("checks.cjs")}
    if example.strip():
        files |= _test("example", row, example)
    return Layout(
        framework="node",
        path="solution.js",
        files=files,
        hidden=_test("hidden", row, row["test"]),
        test=f"test/hidden.test.js::{name}",
        example=f"test/example.test.js::{name}" if example.strip() else "",
    )


def _name(row: Row) -> str:
    """Return the function's name as it is declared. The entry point may be misspelt."""
    names = re.findall(r"const (\w+) =", row["signature"])
    return str(names[-1] if names else row["entry_point"])


def _test(kind: str, row: Row, checks: str) -> dict[str, str]:
    """Return the files of one test. The checks include what the pack provides beside the function."""
    name = _name(row)
    provided = row["declaration"].rpartition(f"const {name} =")[0].strip()
    code = _CHECKS.format(
        name=name,
        provided=f"{provided}\n\n" if provided else "",
        checks=checks.strip().replace("console.assert(", "holds("),
    )
    return {f"test/{kind}.test.js": _TEST.format(name=name, checks=f"{kind}.cjs"), f"test/{kind}.cjs": code}
