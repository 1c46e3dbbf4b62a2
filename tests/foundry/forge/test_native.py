"""Suites forged from C projects built by CMake, by automake, and by a Makefile whose tests print nothing."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from codegym.episode import Outcome
from codegym.errors import ConfigError
from codegym.foundry.forge.forge import forge
from codegym.foundry.forge.options import ForgeOptions
from codegym.foundry.repository.origin import origin
from codegym.foundry.repository.project import Project, project
from codegym.grade.grade import grade
from codegym.grade.protected import is_protected
from codegym.mutate.removal import removals
from codegym.sandbox.backend import backend
from codegym.suite import load_suite
from tests.foundry.repositories import C, Texts, write

pytestmark = pytest.mark.slow

RING = {"src/ring.c": C["src/ring.c"], "src/ring.h": C["src/ring.h"]}
CHECK = """\
#include "../src/ring.h"
int main(void) {{
    struct ring ring = {{{{0}}, 0, 0}};
    {body}
}}
"""
PROGRAMS: Texts = {
    "t/put.c": CHECK.format(body="for (int n = 1; n < 5; n++) ring_put(&ring, n);\n    return ring.count != 3;"),
    "t/take.c": CHECK.format(body="ring_put(&ring, 7);\n    return ring_take(&ring) != 7;"),
    "t/size.c": CHECK.format(body="return sizeof ring < 4 || ring.count != 0;"),
}
CMAKE = """\
cmake_minimum_required(VERSION 3.10)
project(ring C)
enable_testing()
foreach(name put take size)
  add_executable(${name} t/${name}.c src/ring.c)
  add_test(NAME ${name} COMMAND ${name})
endforeach()
"""
AUTOCONF = """\
AC_INIT([ring], [1.0])
AM_INIT_AUTOMAKE([foreign subdir-objects])
AC_PROG_CC
AC_CONFIG_FILES([Makefile])
AC_OUTPUT
"""
AUTOMAKE = """\
check_PROGRAMS = put take size
TESTS = $(check_PROGRAMS)
put_SOURCES = t/put.c src/ring.c
take_SOURCES = t/take.c src/ring.c
size_SOURCES = t/size.c src/ring.c
"""
MAKE = "put take size: src/*.c t/*.c\n\tcc -o $@ t/$@.c src/ring.c\n"


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder of suites of our own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("home")))
        yield


def forged(chosen: Project, name: str, *tests: str) -> None:
    """Forge a suite by removal, and check its tests and that gold and nothing are told apart."""
    report = forge(chosen, ForgeOptions(name, operators=("removal",), most=1, repeats=1))
    assert report.tests == len(tests)
    suite = load_suite(name)
    for task in suite.tasks.values():
        assert {*task.tests.deciding} == {*tests}
        gold = grade(suite, task, task.gold_patch, backend=backend("bwrap"), cache=None)
        assert gold.outcome is Outcome.RESOLVED, gold.detail
        assert grade(suite, task, "", backend=backend("bwrap"), cache=None).outcome is Outcome.UNRESOLVED


def test_cmake_is_found_out_and_its_tests_are_ctests(tmp_path: Path) -> None:
    if shutil.which("ctest") is None:
        pytest.skip("this host has no CMake")
    write(tmp_path, {**RING, **PROGRAMS, "CMakeLists.txt": CMAKE})
    chosen = project(origin(str(tmp_path), tmp_path), "")
    assert chosen.image == "cmake"
    assert chosen.sources == ("src/ring.c", "src/ring.h")
    forged(chosen, "ring_cmake", "put::put", "take::take", "size::size")


def test_automakes_programs_are_tests(tmp_path: Path) -> None:
    if shutil.which("autoreconf") is None or shutil.which("automake") is None:
        pytest.skip("this host has no automake")
    write(tmp_path, {**RING, **PROGRAMS, "configure.ac": AUTOCONF, "Makefile.am": AUTOMAKE})
    subprocess.run(["autoreconf", "--install"], cwd=tmp_path, check=True, capture_output=True)
    shutil.rmtree(tmp_path / "autom4te.cache")
    forged(project(origin(str(tmp_path), tmp_path), ""), "ring_automake", "put", "take", "size")


def test_programs_that_print_nothing_are_tests_by_their_exit_codes(tmp_path: Path) -> None:
    write(tmp_path, {**RING, **PROGRAMS, "Makefile": MAKE})
    parts = ("make put", "make take", "make size", "./put", "./take", "./size")
    forged(project(origin(str(tmp_path), tmp_path), " && ".join(parts)), "ring_parts", *parts)


def test_what_tests_read_is_protected_and_no_source(tmp_path: Path) -> None:
    more = {"src/help.expected": "usage\n", "t/lib.c": C["src/ring.c"], "Makefile": "check:\n\t@./run\n"}
    write(tmp_path, {**RING, **PROGRAMS, **more})
    chosen = project(origin(str(tmp_path), tmp_path), "")
    assert chosen.plan.command == "make -s check"
    assert chosen.sources == ("src/ring.c", "src/ring.h")
    for path in ("src/help.expected", "t/lib.c", "t/put.c", "Makefile"):
        assert is_protected(path, chosen.plan)


def test_the_main_of_a_program_is_never_removed() -> None:
    assert [mutation.function for mutation, _ in removals(C["tests/run.c"], "c")] == ["ok"]


def test_a_repository_that_shows_nothing_is_refused_with_the_places_looked_at(tmp_path: Path) -> None:
    write(tmp_path, RING)
    with pytest.raises(ConfigError, match=r"CMakeLists.txt with tests, configure, or Makefile with a target"):
        project(origin(str(tmp_path), tmp_path), "")
