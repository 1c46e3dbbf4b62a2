"""Running pytest in a real box: what passes, what does not, and what is not believed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from codegym.episode import TestStatus
from codegym.harness.run import run_tests
from codegym.sandbox.protocol import Sandbox
from codegym.task import TestPlan
from tests.harness.boxes import open_box

PLAN = TestPlan(framework="pytest", fail_to_pass=())
GOOD = "tests/test_mod.py::test_good"

FILES = {
    "mod_py": "def f(x):\n    return x + 1\n",
    "tests__test_mod_py": """
        import pytest, unittest
        from mod import f

        def test_good():
            assert f(1) == 2

        def test_good_too(tmp_path):
            print("noise")
            assert f(2) == 3

        @pytest.mark.parametrize("n", [1, 2])
        def test_bad(n):
            assert f(n) == 2, object()

        class TestGroup(unittest.TestCase):
            def test_sub(self):
                for n in (1, 2):
                    with self.subTest(n=n):
                        self.assertEqual(f(n), 2)

            def test_fine(self):
                with self.subTest(n=0):
                    pass

        def test_skip():
            pytest.skip("no")

        @pytest.mark.xfail
        def test_expected():
            assert False

        @pytest.mark.xfail
        def test_not_expected():
            pass

        @pytest.fixture
        def broken():
            raise OSError("set-up")

        def test_set_up(broken):
            pass

        def test_tear_down(request):
            request.addfinalizer(lambda: 1 / 0)
        """,
    "tests__test_import_py": "import mod\nfrom nowhere import x\ndef test_never(): pass\n",
}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with open_box(tmp_path_factory.mktemp("trees"), **FILES) as opened:
        yield opened


def test_every_kind_of_result(box: Sandbox) -> None:
    run = run_tests(box, PLAN, timeout=30)
    assert {node.partition("::")[2]: str(status) for node, status in run.results.items()} == {
        "test_good": "passed",
        "test_good_too": "passed",
        "test_bad[1]": "passed",
        "test_bad[2]": "failed",
        "TestGroup::test_sub": "failed",
        "TestGroup::test_fine": "passed",
        "test_skip": "skipped",
        "test_expected": "skipped",
        "test_not_expected": "skipped",
        "test_set_up": "error",
        "test_tear_down": "error",
        "": "error",
    }
    assert run.complete
    assert run.exit_code == 1
    assert run.failures["tests/test_mod.py::test_bad[2]"].startswith("AssertionError: <object object at 0x…>")
    assert "No module named 'nowhere'" in run.failures["tests/test_import.py"]
    assert "test_mod.py:13: in test_bad" in run.output
    assert run.output.endswith("4 passed, 2 failed, 3 error, 3 skipped")


def test_only_what_is_asked(box: Sandbox) -> None:
    ids = (GOOD, "tests/test_mod.py::test_bad[2]", "tests/test_mod.py::TestGroup::test_fine")
    run = run_tests(box, PLAN, ids, timeout=30)
    assert set(run.results) == set(ids)
    assert run.complete
    assert run.passed((ids[0], ids[2]))
    assert not run.passed(ids)


def test_what_is_not_there_is_missing(box: Sandbox) -> None:
    ids = (GOOD, "tests/test_mod.py::test_gone", "tests/gone.py::test_x", "tests/test_import.py::test_never")
    run = run_tests(box, PLAN, ids, timeout=30)
    assert run.results == {GOOD: TestStatus.PASSED, ids[3]: TestStatus.ERROR}
    assert "nowhere" in run.failures[ids[3]]
    gone = run_tests(box, PLAN, ids[2:3], timeout=30)
    assert gone.results == {}
    assert not gone.passed(ids[2:3])


def test_the_same_text_every_time(box: Sandbox) -> None:
    first, second = (run_tests(box, PLAN, timeout=30) for _ in range(2))
    assert first.model_dump(exclude={"seconds"}) == second.model_dump(exclude={"seconds"})


def attack(tmp_path: Path, module: str, **more: str) -> tuple[Sandbox, tuple[str, ...]]:
    tests = "import mod\ndef test_good():\n    assert mod.f(1) == 2\n"
    files = {"tests__test_mod_py": tests, "mod_py": module} | more
    return open_box(tmp_path, **files), (GOOD,)


QUITS = {
    "exit at import": "import os\nos._exit(0)\n",
    "sys.exit at import": "import sys\nsys.exit(0)\n",
    "exit in the test": "import os\ndef f(x):\n    os._exit(0)\n",
    "exit after the test": "import atexit, os\natexit.register(os._exit, 0)\ndef f(x):\n    return 1\n",
    "pytest.exit": "import pytest\ndef f(x):\n    pytest.exit('done', 0)\n",
    "crash": "import ctypes\ndef f(x):\n    ctypes.string_at(0)\n",
    "kills its parent": "import os\ndef f(x):\n    os.kill(os.getppid(), 9)\n    return 2\n",
    "skips": "import pytest\ndef f(x):\n    pytest.skip('x')\n",
    "equal to nothing it says": "def f(x):\n    print('1 passed', '=' * 30)\n    return 3\n",
    "a new session": "import pytest\ndef f(x):\n    return pytest.main(['-q', '/tmp']) and 3\n",
}


@pytest.mark.parametrize("how", QUITS)
def test_no_way_to_quit_counts_as_passed(tmp_path: Path, how: str) -> None:
    box, ids = attack(tmp_path, QUITS[how])
    with box:
        run = run_tests(box, PLAN, ids, timeout=30)
    assert not run.passed(ids), run


FORGE = """
import os, json, glob

def f(x):
    fact = json.dumps(["test", 0, "spcptp", "", ""]).encode()
    for fd in map(int, os.listdir("/proc/self/fd")):
        for packet in (fact, b"0" * 16 + fact, b"0" * 16 + b'["end", 0]'):
            try:
                os.write(fd, packet)
            except OSError:
                pass
    for path in glob.glob("/proc/[0-9]*/fd/1") + glob.glob("/proc/[0-9]*/fd/[3-9]"):
        try:
            with open(path, "wb") as file:
                file.write(b"x" * 32 + b" " + fact)
        except OSError:
            pass
    os._exit(0)
"""


def test_forged_packets_are_evidence(tmp_path: Path) -> None:
    box, ids = attack(tmp_path, FORGE)
    with box:
        run = run_tests(box, PLAN, ids, timeout=30)
    assert not run.passed(ids)
    assert not run.complete
    assert "forged packets" in run.tampering[0]


def test_the_supervisor_can_not_be_read(tmp_path: Path) -> None:
    spy = """
        import os
        def f(x):
            seen = []
            for name in ("mem", "environ", "fd/0", "fd/1", "maps"):
                try:
                    open(f"/proc/{os.getppid()}/{name}", "rb").read(1)
                    seen.append(name)
                except OSError:
                    pass
            assert not seen, seen
            return 2
        """
    box, ids = attack(tmp_path, spy)
    with box:
        run = run_tests(box, PLAN, ids, timeout=30)
    assert run.passed(ids), run.output


def test_a_daemon_does_not_hold_up_the_run(tmp_path: Path) -> None:
    daemon = """
        import os, time
        def f(x):
            if os.fork() == 0:
                os.setsid()
                time.sleep(60)
                os._exit(0)
            return 2
        """
    box, ids = attack(tmp_path, daemon)
    with box:
        run = run_tests(box, PLAN, ids, timeout=30)
        left = box.exec("grep -l sleep /proc/[0-9]*/cmdline; true")
    assert run.passed(ids)
    assert run.seconds < 20
    assert "pytest" not in left.stdout


def test_timeouts_keep_what_was_seen(tmp_path: Path) -> None:
    tests = "import time\ndef test_good(): pass\ndef test_slow(): time.sleep(60)\ndef test_later(): pass\n"
    with open_box(tmp_path, tests__test_mod_py=tests) as box:
        run = run_tests(box, PLAN, timeout=3)
    assert run.timed_out
    assert not run.complete
    slow = "tests/test_mod.py::test_slow"
    assert run.results == {GOOD: TestStatus.PASSED, slow: TestStatus.ERROR}
    assert run.failures == {slow: "did not end within 3 s"}


def test_the_repository_s_settings_hold_but_not_its_options(tmp_path: Path) -> None:
    config = '[tool.pytest.ini_options]\npythonpath = ["src"]\naddopts = "--cov=mod -n4 --no-such-option"\n'
    tests = "import mod\ndef test_good(): assert mod.f(1) == 2\n"
    files = {"pyproject_toml": config, "src__mod_py": FILES["mod_py"], "tests__test_mod_py": tests}
    with open_box(tmp_path, **files) as box:
        assert run_tests(box, PLAN, timeout=30).passed((GOOD,))
        broken = PLAN.model_copy(update={"command": "--deselect tests/test_mod.py"})
        assert run_tests(box, broken, (GOOD,), timeout=30).results == {}


OPTIONED = {
    "tools__deep__more_py": "import pytest\n\n@pytest.fixture\ndef three(): return 3\n",
    "helper_py": "import pytest\n\n@pytest.fixture\ndef two(): return 2\n",
    "conftest_py": """
        def pytest_addoption(parser):
            parser.addoption("--depth", type=int, default=0)
        """,
    "a__tests__test_mod_py": """
        def test_plugin(two, three): assert (two, three) == (2, 3)
        def test_option(request): assert request.config.getoption("--depth") == 3
        def test_marked(): raise AssertionError
        """,
    "b__tests__test_mod_py": "def test_same_name(): pass\n",
    "doc_py": 'def one():\n    """\n    >>> one()\n    1\n    """\n    return 1\n',
    "guide_rst": ">>> 1 + 1\n2\n",
}


def test_options_that_tests_need_hold_and_others_do_not(tmp_path: Path) -> None:
    config = (
        "[pytest]\naddopts = --import-mode=importlib "
        "-p helper -ptools.deep.more -p tools.deep.no -p xdist -p not_here --doctest-modules "
        "--doctest-glob *.rst --depth 3 -ra -x --maxfail 1 --cov mod --cov-report term -n 4 --strict-markers "
        "-k nothing --deselect b --no-such-option value --collect-only --junit-xml /tmp/r.xml a/tests\n"
    )
    ids = (
        "a/tests/test_mod.py::test_marked",
        "a/tests/test_mod.py::test_plugin",
        "a/tests/test_mod.py::test_option",
        "b/tests/test_mod.py::test_same_name",
        "doc.py::doc.one",
        "guide.rst::guide.rst",
    )
    left_out = (
        "options in addopts that nothing here knows, left out: -p tools.deep.no, -p not_here, --no-such-option"
    )
    with open_box(tmp_path, **OPTIONED, pytest_ini=config) as box:
        run = run_tests(box, PLAN, ids, timeout=30)
        assert run.complete, run.output
        assert run.results == dict.fromkeys(ids, TestStatus.PASSED) | {ids[0]: TestStatus.FAILED}
        assert left_out in run.output
        missing = "doc.py::doc.two"
        run = run_tests(box, PLAN, (missing,), timeout=30, warm=True)
        assert run.failures == {missing: f"was not found; {left_out}"}


def test_an_option_of_an_installed_plugin_holds_if_the_plugin_is_named(tmp_path: Path) -> None:
    tests = "def test_timeout(request): assert request.config.getoption('--hypothesis-profile') == 'default'\n"
    config = "[pytest]\naddopts = --hypothesis-profile default -p {}\n"
    with open_box(tmp_path, tests__test_mod_py=tests, pytest_ini=config.format("hypothesispytest")) as box:
        assert run_tests(box, PLAN, timeout=30).passed(("tests/test_mod.py::test_timeout",))
    with open_box(tmp_path, tests__test_mod_py=tests, pytest_ini=config.format("no:doctest")) as box:
        run = run_tests(box, PLAN, timeout=30)
        assert run.results == {"tests/test_mod.py::test_timeout": TestStatus.FAILED}
        assert "left out: --hypothesis-profile" in run.output


EXPECTED = """
    import unittest
    import pytest
    from mod import give_up

    @pytest.mark.xfail
    def test_marked(): assert False

    @pytest.mark.xfail(run=False)
    def test_not_run(): assert False

    def test_called(): pytest.xfail("not yet")

    def test_applied(request):
        request.applymarker(pytest.mark.xfail)
        assert False

    class TestOld(unittest.TestCase):
        @unittest.expectedFailure
        def test_old(self): self.fail()

    @pytest.mark.xfail
    def test_passes(): pass

    @pytest.mark.xfail(strict=True)
    def test_strict(): pass

    def test_given_up(): give_up()

    @pytest.mark.xfail(False, reason="never")
    def test_given_up_too(): give_up()

    @pytest.fixture
    def broken():
        yield
        raise OSError

    @pytest.mark.xfail
    def test_torn(broken): assert False

    def test_torn_too(broken): pytest.xfail("not yet")
"""
OF_EXPECTED = {
    "test_marked": TestStatus.PASSED,
    "test_not_run": TestStatus.PASSED,
    "test_called": TestStatus.PASSED,
    "test_applied": TestStatus.PASSED,
    "TestOld::test_old": TestStatus.PASSED,
    "test_passes": TestStatus.SKIPPED,
    "test_strict": TestStatus.FAILED,
    "test_given_up": TestStatus.SKIPPED,
    "test_given_up_too": TestStatus.SKIPPED,
    "test_torn": TestStatus.PASSED,
    "test_torn_too": TestStatus.ERROR,
}


def test_an_expected_failure_that_was_asked_for_has_passed(tmp_path: Path) -> None:
    mod = "import pytest\ndef give_up(): pytest.xfail('the code under test says so')\n"
    expected = {f"tests/test_mod.py::{name}": status for name, status in OF_EXPECTED.items()}
    with open_box(tmp_path, mod_py=mod, tests__test_mod_py=EXPECTED) as box:
        assert run_tests(box, PLAN, tuple(expected), timeout=30).results == expected
        passed = run_tests(box, PLAN, timeout=30).results.values()
        assert TestStatus.PASSED not in passed


def test_stale_byte_code_is_not_believed(tmp_path: Path) -> None:
    box, ids = attack(tmp_path, "def f(x):\n    return 1\n")
    script = (
        "import importlib.util, os, py_compile, shutil\n"
        "open('good.py', 'w').write('def f(x):\\n    return 2\\n')\n"
        "shutil.copystat('mod.py', 'good.py')\n"
        "py_compile.compile('good.py', importlib.util.cache_from_source('mod.py'), dfile='mod.py')\n"
        "import mod; assert mod.f(1) == 2\n"
    )
    with box:
        planted = box.exec(["python3", "-c", script])
        assert planted.exit_code == 0, planted.stderr
        run = run_tests(box, PLAN, ids, timeout=30)
    assert run.results == {GOOD: TestStatus.FAILED}
