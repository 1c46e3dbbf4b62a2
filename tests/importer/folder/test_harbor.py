"""Task folders of Harbor and Terminal-Bench, made by others and by us."""

import os
import signal
import subprocess
from importlib.resources import files as resources
from pathlib import Path

import pytest

from codegym.errors import ConfigError
from codegym.exporter.harbor import export_harbor
from codegym.importer.folder.dockerfile import copied_files, read_dockerfile
from codegym.importer.folder.harbor import harbor
from codegym.importer.imported_task import ImportOptions
from codegym.importer.kit_text import kit
from codegym.suite import load_suite
from codegym.task import FolderSource
from tests.importer.conftest import Certified

DOCKERFILE = (
    "FROM ubuntu:24.04\nWORKDIR /app\nRUN apt-get update \\\n    && apt-get install -y curl\nCOPY src/ .\n"
)
HARBOR = {
    "task.toml": 'version = "1.0"\n[metadata]\ndifficulty = "easy"\n[verifier]\ntimeout_sec = 120.0\n',
    "instruction.md": "Write `hello` into /app/out.txt.\n",
    "environment/Dockerfile": DOCKERFILE,
    "environment/src/in.txt": "hello\n",
    "solution/solve.sh": "#!/bin/bash\ncp /app/in.txt /app/out.txt\n",
    "tests/test.sh": (
        "#!/bin/bash\ncmp /app/out.txt /tests/wanted.txt && reward=1 || reward=0\n"
        "echo $reward > /logs/verifier/reward.txt\n"
    ),
    "tests/wanted.txt": "hello\n",
}
AS_JSON = """\
#!/bin/sh
[ -f /app/out.txt ] && n=1.0 || n=0.5
printf '{"reward": %s, "x": 0}' $n > /logs/verifier/reward.json
"""
TERMINAL = {
    "task.yaml": "instruction: |-\n  Write `hello` into out.txt.\nparser_name: pytest\nmax_test_timeout_sec: 90\n",
    "Dockerfile": DOCKERFILE.replace("COPY src/ .", 'COPY ["src/in.txt", "/app/"]'),
    "src/in.txt": "hello\n",
    "solution.sh": "cp in.txt out.txt\n",
    "run-tests.sh": "#!/bin/bash\npython3 -m pytest $TEST_DIR/test_outputs.py -rA -p no:cacheprovider\n",
    "tests/test_outputs.py": (
        "import pytest\n\n\nclass TestOut:\n    @pytest.mark.parametrize('name', ['out', 'in'])\n"
        "    def test_hello(self, name):\n        assert open(f'/app/{name}.txt').read() == 'hello\\n'\n"
    ),
}


def written(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def test_tasks_of_harbor_and_terminal_bench_are_certified(tmp_path: Path, certified: Certified) -> None:
    pytest.importorskip("yaml")
    written(tmp_path / "tasks" / "text", HARBOR)
    written(tmp_path / "tasks" / "json", HARBOR | {"tests/test.sh": AS_JSON})
    written(tmp_path / "tasks" / "old", TERMINAL)
    suite = certified(*harbor(tmp_path / "tasks", ImportOptions(image="python")))
    assert suite.task("text").limits.grade_seconds == 120
    assert suite.task("text").metadata["image"] == "ubuntu:24.04"
    assert suite.task("text").metadata["not_run"] == ["RUN apt-get update      && apt-get install -y curl"]
    assert suite.task("old").tests.fail_to_pass == ("test_outputs.py::TestOut::test_hello",)


def test_a_task_keeps_its_own_image_unless_another_is_chosen(tmp_path: Path) -> None:
    (found,) = harbor(written(tmp_path / "tasks" / "text", HARBOR), ImportOptions())
    assert found.task.image == "ubuntu:24.04"
    assert found.task.gold_patch == ""
    with pytest.raises(ConfigError, match="has no task"):
        list(harbor(tmp_path / "tasks" / "text" / "tests", ImportOptions()))


def test_the_repository_has_the_files_that_the_dockerfile_copies(tmp_path: Path) -> None:
    written(tmp_path, {"a/b.txt": "b", "c.txt": "c", "etc.conf": "e"})
    text = "FROM x AS y\nCOPY a /gone\nFROM --platform=linux/amd64 z\nWORKDIR /srv\nCOPY a c.txt ./\n"
    text += "ADD etc.conf /etc/\n"
    made = read_dockerfile(text)
    files, elsewhere = copied_files(made, tmp_path)
    assert (made.base, made.root) == ("z", "/srv")
    assert (list(files), elsewhere) == (["b.txt", "c.txt"], ["/etc/etc.conf"])


SCRIPTS = {
    "python": "#!/usr/bin/env python3\nn = open('/app/out.txt').read() == 'hello\\n'\n"
    "open('/logs/verifier/reward.txt', 'w').write(f' {n:.1f}\\r\\n')\nraise SystemExit(3)\n",
    "crlf": HARBOR["tests/test.sh"].replace("\n", "\r\n"),
    "no-shebang": "[[ -f /app/out.txt ]] && echo 1e0 > /logs/verifier/reward.txt\n",
    "left-behind": "#!/bin/sh\nsleep 600 &\nhead -c 9000000 /dev/zero | tr '\\0' x\n"
    "cd /tests && exec sh ./judge\n",
}


def test_a_verifier_runs_as_in_harbor(tmp_path: Path, certified: Certified) -> None:
    judge = {"tests/judge": HARBOR["tests/test.sh"]}
    for name, script in SCRIPTS.items():
        written(tmp_path / "tasks" / name, HARBOR | judge | {"tests/test.sh": script})
    solution = "#!/usr/bin/env python3\r\nimport shutil, subprocess\r\nsubprocess.Popen(['sleep', '600'])\r\n"
    solution += "shutil.copy('/app/in.txt', '/app/out.txt')\r\n"
    written(tmp_path / "tasks" / "python", {"solution/solve.sh": solution})
    certified(*harbor(tmp_path / "tasks", ImportOptions(image="python")))


@pytest.mark.parametrize(("text", "json", "whole"), [
    ("1\r\n", None, True), (" 1.0 ", None, True), ("1e0", None, True), ("\n+1_0.\n", None, True), ("1", "{", True),
    ("nan", None, False), ("inf", None, False), ("1e999", None, False), ("-1", None, False), ("", None, False),
    ("1 0", None, False), ("1\n0", None, False), ("0x1", None, False), ("0.99", None, False), ("one", None, False),
    ("0", '{"reward": 1}', False), ("1", '{"reward": 0}', True), ("", '{"reward": 1}', False), (None, None, False),
    (None, '{"reward": 1, "speed": 0.1}', True), (None, '{"a": 1, "b": 1.0}', True),
    (None, '{"a": 1, "b": 0}', False),
    (None, ' {"reward"\n:\t1e0 }\n', True), (None, '{"reward": 0, "reward": 1}', True),
    (None, '{"reward": 1', False),
    (None, '{"reward": 1,}', False), (None, '{"reward": 1} x', False), (None, "{reward: 1}", False),
    (None, "", False),
    (None, '[{"reward": 1}]', False), (None, "1", False), (None, '{"reward": "1"}', False), (None, "{}", False),
    (None, '{"x": {"reward": 1}}', False), (None, '{"reward": NaN}', False), (None, '{"reward": 01}', False),
    (None, '{"reward": 1, "x": -Infinity}', False), (None, '{"reward": 1e999}', False),
    (None, '{"reward": -1}', False),
    (None, '{"reward": 1, "x": {"reward": 0, "y": [1, "}\\"", {}]}}', True), (None, '{"reward": true}', True),
])  # fmt: skip
def test_a_reward_of_one_resolves_a_task(tmp_path: Path, text: str | None, json: str | None, whole: bool) -> None:
    given = {"reward.txt": text, "reward.json": json}
    for name, content in given.items():
        if content is not None:
            (tmp_path / name).write_text(content, newline="")
    script = "#!/bin/sh\nfor name in reward.txt reward.json; do\n  [ ! -f $name ] || cp $name rewards/\ndone\n"
    (tmp_path / "test.sh").write_text(script)
    (tmp_path / "test.sh").chmod(0o755)
    argv = ["sh", "-c", kit("verify.sh"), "verify.sh", "./test.sh", f"{tmp_path}/rewards"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[:2] == ["1..1", f"{'' if whole else 'not '}ok 1 - reward"]
    assert done.returncode == (not whole)


def test_the_agent_sees_neither_solution_nor_tests(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    terminal = TERMINAL | {"Dockerfile": "FROM x\nWORKDIR /app\nCOPY . .\n", "solution/notes.txt": "s"}
    copies = {"environment/hint": HARBOR["solution/solve.sh"], "environment/test_it.py": "def test_it(): ...\n"}
    harbors = HARBOR | copies | {"tests/test_it.py": "def test_it(): ...\n", "environment/tests/own.py": "own"}
    written(tmp_path / "tasks" / "a", harbors | {"environment/Dockerfile": "FROM x\nCOPY . /app/\n"})
    written(tmp_path / "tasks" / "b", terminal)
    seen = [sorted(next(iter(found.folders.values()))) for found in harbor(tmp_path / "tasks", ImportOptions())]
    assert seen == [["src/in.txt", "tests/own.py"], ["src/in.txt"]]


def test_an_exported_folder_gives_the_same_task(tmp_path: Path, certified: Certified) -> None:
    kata = load_suite("kata")
    tasks = [kata.task("tip-jar"), kata.task("version-sort"), kata.task("tape-merge")]
    assert export_harbor(kata, tasks, tmp_path / "out", lambda done: None) == 3
    back = {imported.task.id: imported.task for imported in harbor(tmp_path / "out", ImportOptions())}
    for task in tasks:
        again = back[task.id]
        assert again.instruction == task.instruction
        assert again.gold_patch == task.gold_patch
        assert isinstance(again.source, FolderSource)
        assert again.source.digest == kata.tree(task).digest
        assert again.tests.model_dump(exclude={"hidden"}) == task.tests.model_dump(exclude={"hidden"})
        assert isinstance(again.tests.hidden, FolderSource)
        assert isinstance(task.tests.hidden, FolderSource)
        assert again.tests.hidden.digest == task.tests.hidden.digest
        assert (again.image, again.limits) == (task.image, task.limits)
    certified(*harbor(tmp_path / "out" / "tip-jar", ImportOptions()))
    with pytest.raises(ConfigError, match="exists already"):
        export_harbor(kata, tasks, tmp_path / "out", lambda done: None)


@pytest.mark.parametrize(
    ("task", "image"), [("tip-jar", "python"), ("version-sort", "node"), ("tape-merge", "cc")]
)
def test_exported_scripts_work_without_codegym(
    tmp_path: Path, certified: Certified, task: str, image: str
) -> None:
    kata = load_suite("kata")
    export_harbor(kata, [kata.task(task)], tmp_path / "out", lambda done: None)
    facts = tmp_path / "out" / task / "task.toml"
    head, _, rest = facts.read_text().partition("[metadata.codegym]")
    facts.write_text(head + rest[rest.index("[verifier]") :])
    certified(*harbor(tmp_path / "out", ImportOptions(image=image)))


@pytest.mark.parametrize("output", ["", ">/dev/null", "2>/dev/null"])
def test_an_exported_test_does_not_wait_for_background_processes(tmp_path: Path, output: str) -> None:
    script = resources("codegym.exporter").joinpath("kit/tap.sh").read_text()
    script = script.replace("/app", f"{tmp_path}").replace("/logs", f"{tmp_path}/logs")
    command = f"sleep 300 {output} & echo 1..1; echo 'ok 1 - a'\n"
    written(tmp_path, {"test.sh": script, "ids.txt": "a\n", "options.txt": command})
    argv = ["sh", f"{tmp_path}/test.sh"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as running:
        try:
            running.communicate(timeout=60)
        finally:
            os.killpg(running.pid, signal.SIGKILL)
    assert (tmp_path / "logs" / "verifier" / "reward.txt").read_text() == "1\n"
