"""Finds the language of a row's solution, and the dialect of its tests' log.

Few rows name these. The names of the files that the gold patch changes show them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_NAMES = {"js": "javascript", "ts": "typescript", "py": "python", "c++": "cpp", "golang": "go"}
_SUFFIXES = {
    "py": "python",
    "pyi": "python",
    "pyx": "python",
    "go": "go",
    "rs": "rust",
    "js": "javascript",
    "jsx": "javascript",
    "mjs": "javascript",
    "cjs": "javascript",
    "ts": "typescript",
    "tsx": "typescript",
    "vue": "javascript",
    "svelte": "javascript",
    "java": "java",
    "kt": "kotlin",
    "rb": "ruby",
    "php": "php",
    "c": "c",
    "h": "c",
    "cc": "cpp",
    "cpp": "cpp",
    "cxx": "cpp",
    "hh": "cpp",
    "hpp": "cpp",
    "cs": "csharp",
}
_OPTIONS_ARE_PATHS = ("requests", "pylint", "pydicom")
_PARSERS = {
    "django": "django",
    "sympy": "sympy",
    "matplotlib": "matplotlib",
    "cargo": "cargo",
    "maven": "maven",
    "gradle": "maven",
    "gotest": "go",
    "jest": "marks",
    "mocha": "marks",
    "vitest": "marks",
}
_DIALECTS = {
    "python": "pytest",
    "go": "go",
    "rust": "cargo",
    "javascript": "marks",
    "typescript": "marks",
    "java": "maven",
    "kotlin": "maven",
}


def language_of(row_language: object, *patches: str) -> str:
    """Return the language that a row names, otherwise that of most files of the first patch that shows one.

    Documentation, data and settings show none. The language is empty if no patch shows one.
    """
    if row_language:
        return _NAMES.get(str(row_language).lower(), str(row_language).lower())
    changed = (re.findall(r"^diff --git .*?(\.\w+)\"?$", patch, re.MULTILINE) for patch in patches)
    return next(filter(None, map(language_of_paths, changed)), "")


def language_of_paths(paths: Iterable[str]) -> str:
    """Return the language of most of ``paths``, by the endings of their names; empty if none shows one."""
    suffixes = (path.rpartition(".")[2] for path in paths)
    languages = Counter(_SUFFIXES[suffix] for suffix in suffixes if suffix in _SUFFIXES)
    return languages.most_common(1)[0][0] if languages else ""


def dialect(parser: str, language: str) -> str:
    """Return the dialect of a log, by SWE-bench's parser, by the repository, or by the language.

    It is empty if no reader understands the log.
    """
    name = parser.lower()
    for part, dialect_name in _PARSERS.items():
        if part in name:
            return dialect_name
    if any(repo in name for repo in _OPTIONS_ARE_PATHS):
        return "pytest_options"
    return "pytest" if "pytest" in name else _DIALECTS.get(language, "")
