"""The language of a repository's tests, and how a log of theirs is read.

Few rows say either. What the tests' files are called does.
"""

from __future__ import annotations

import re
from collections import Counter

_NAMES = {"js": "javascript", "ts": "typescript", "py": "python", "c++": "cpp", "golang": "go"}
_SUFFIXES = {
    "py": "python",
    "go": "go",
    "rs": "rust",
    "js": "javascript",
    "jsx": "javascript",
    "mjs": "javascript",
    "cjs": "javascript",
    "ts": "typescript",
    "tsx": "typescript",
    "vue": "javascript",
    "java": "java",
    "kt": "kotlin",
    "rb": "ruby",
    "php": "php",
    "c": "c",
    "h": "c",
    "cc": "cpp",
    "cpp": "cpp",
    "hpp": "cpp",
    "cs": "csharp",
}
_OPTIONS = ("requests", "pylint", "pydicom")
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
    "go": "go",
    "rust": "cargo",
    "javascript": "marks",
    "typescript": "marks",
    "java": "maven",
    "kotlin": "maven",
}


def language_of(named: object, patch: str) -> str:
    """Return the language that a row names, or else that of most files which ``patch`` touches, or Python."""
    if named:
        return _NAMES.get(str(named).lower(), str(named).lower())
    suffixes = re.findall(r"^diff --git .*\.(\w+)\"?$", patch, re.MULTILINE)
    known = Counter(_SUFFIXES[suffix] for suffix in suffixes if suffix in _SUFFIXES)
    return known.most_common(1)[0][0] if known else "python"


def dialect(parser: str, language: str) -> str:
    """Return how a log is read: by the name of SWE-bench's parser, or of a repository, or by language."""
    name = parser.lower()
    for known, found in _PARSERS.items():
        if known in name:
            return found
    if any(repo in name for repo in _OPTIONS):
        return "pytest_options"
    return "pytest" if "pytest" in name else _DIALECTS.get(language, "pytest")
