"""How a C or C++ project is built and tested, as its files show: by CMake, by ``configure``, or by a Makefile."""

from __future__ import annotations

import re
from dataclasses import dataclass

from codegym.tree import Files

_BUILD = "/tmp/build"  # noqa: S108  a path in the box
_JUNIT = "/tmp/ctest.xml"  # noqa: S108  a path in the box
_HAS_TESTS = re.compile(
    rb"^\s*(?:enable_testing|add_test|include)\s*\(\s*(?:CTest\b|NAME\b|\)|\w+\s)", re.MULTILINE
)
_TARGET = re.compile(rb"^(check|test)\s*::?(?!=)", re.MULTILINE)
_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")


@dataclass(frozen=True)
class NativeTests:
    """The command that builds a project and runs its tests, the JUnit report that it writes, and its image."""

    command: str
    junit: str = ""
    image: str = ""


def native_tests(files: Files) -> NativeTests | None:
    """Return how a C or C++ project is tested; ``None`` if its files do not show it.

    CMake builds in ``/tmp``, so that a patch never contains a build.
    """
    if "CMakeLists.txt" in files and _declares_tests(files):
        build = f"cmake -S . -B {_BUILD} -DBUILD_TESTING=ON && cmake --build {_BUILD} --parallel 2"
        return NativeTests(f"{build} && ctest --test-dir {_BUILD} --output-junit {_JUNIT}", _JUNIT, "cmake")
    if "configure" in files and {"Makefile.in", "Makefile.am"} & {*files}:
        return NativeTests("sh ./configure --quiet --disable-silent-rules >&2 && make -s check")
    for name in _MAKEFILES:
        targets = _TARGET.findall(files[name].content) if name in files else []
        if targets:
            return NativeTests(f"make -s {'check' if b'check' in targets else 'test'}")
    return None


def _declares_tests(files: Files) -> bool:
    lists = (file.content for path, file in files.items() if path.endswith(("CMakeLists.txt", ".cmake")))
    return any(_HAS_TESTS.search(content) for content in lists)
