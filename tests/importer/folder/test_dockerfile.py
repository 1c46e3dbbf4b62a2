"""What a Dockerfile copies, as Docker does it, without what no agent may see."""

import io
import tarfile
from pathlib import Path

import pytest

from codegym.importer.folder.dockerfile import copied_files, read_dockerfile
from tests.importer.folder.test_harbor import written

CONTEXT = {"a": "A", "b.txt": "B", "src/x.py": "X", "src/t/y.md": "Y"}
APP = "FROM x\nWORKDIR /app\n"


def copied(root: Path, dockerfile: str, files: dict[str, str] = CONTEXT) -> dict[str, str]:
    made, _ = copied_files(read_dockerfile(dockerfile), written(root / "context", files))
    return {path: file.content.decode() for path, file in made.items()}


@pytest.mark.parametrize(("lines", "left"), [
    ("# a\nsrc\n", "ab"), (" # a\n", "abxy"), ("/a\nb.*\n\n", "xy"), ("*\n!src\n", "xy"), ("*\n!src/t\n", "y"),
    ("!a\na\n", "bxy"), ("a\n!a\n", "abxy"), ("**/*.md\n", "abx"), ("**/y.md/\n", "abx"),
    ("src/**\n!src/x.py\n", "abx"),    ("src/*/y.md\n", "abx"), ("*.md\n", "abxy"), ("./src/../a\n", "bxy"),
    ("A\n", "abxy"), ("[^a-b]*\n", "ab"),
    ("[ab]\r\nsrc/t  \r\n", "bx"), ("\ufeffa\n", "bxy"), ("?\n", "bxy"), (".\n", "abxy"), ("\\a\n", "bxy"),
    ("** \n! b.txt\n", "b"), ("*\n**/!x.py\n", ""),
])  # fmt: skip
def test_a_dockerignore_excludes_files(tmp_path: Path, lines: str, left: str) -> None:
    files = copied(tmp_path, APP + "COPY . .\n", CONTEXT | {".dockerignore": lines})
    assert "".join(sorted(files[path] for path in files if path != ".dockerignore")).lower() == left


def test_the_dockerfiles_own_dockerignore_comes_first(tmp_path: Path) -> None:
    files = CONTEXT | {".dockerignore": "a\n", "Dockerfile.dockerignore": "*\n!a\n"}
    assert copied(tmp_path, APP + "COPY . .\n", files) == {"a": "A"}
    with pytest.raises(ValueError, match="not closed"):
        copied(tmp_path, APP, files | {"Dockerfile.dockerignore": "[a\n"})


@pytest.mark.parametrize(("lines", "expected"), [
    ('copy --chown=1:1 --link ["a", "./"]', {"a"}), ("COPY a b.txt src/x.py ./", {"a", "b.txt", "x.py"}),
    ("COPY src .", {"t/y.md", "x.py"}), ("COPY src/ lib", {"lib/t/y.md", "lib/x.py"}), ("COPY a c", {"c"}),
    ("COPY a c/", {"c/a"}), ("COPY a /app", {"a"}),
    ("COPY src lib\nCOPY a lib", {"lib/t/y.md", "lib/x.py", "lib/a"}),
    ("COPY src/*.py s*/t [^b] d/", {"d/a", "d/x.py", "d/y.md"}), ("COPY ../../a /app/../app/./c", {"c"}),
    ("COPY / .", {"a", "b.txt", "src/t/y.md", "src/x.py"}), ("ADD a /app/", {"a"}),
    ("ADD https://x.org/a .", set()),
    ("COPY --exclude=**/*.md src .", {"x.py"}), ("COPY --exclude=*.txt a b.txt ./", {"a"}),
    ("COPY --parents src/t/*.md .", {"src/t/y.md"}), ("COPY --parents src/./t .", {"t/y.md"}),
    ("COPY <<E <<-'F' ./\n$V ok\nE\n\tno\n\tF\n", {"E", "F"}), ("COPY <<E /app/c\nCOPY a .\nE\n", {"c"}),
    ("RUN <<E\nCOPY a .\nE\nCOPY b.txt .", {"b.txt"}), ("COPY a \\  \n  # no\n\n b.txt \\\n ./\n", {"a", "b.txt"}),
    ("COPY a c\\\nd", {"cd"}), ("WORKDIR b\nWORKDIR ../c\nWORKDIR d\nCOPY a .", {"a"}),
    ("ENV D='e f' E=$D\nCOPY a $D/${E}g", {"e f/g"}), ("ENV D one two\nCOPY a \"$D\"", {"one two"}),
    ("ARG D=d\nARG N\nCOPY ${N:-a} ${D:+e}${D}${N:+f}$N/", {"ed/a"}),
    ("ARG D=d\nENV D=e\nARG D=f\nCOPY a $D", {"e"}),
    ("COPY a \\$D'$E'", {"$D$E"}), ("ENV V=v1.2\nCOPY a ${V%.*}${V#v}", {"v11.2"}),
    ("COPY \"a\" 'b.txt' './'", {"a", "b.txt"}), ("ARG TARGETARCH\nCOPY a $TARGETARCH", {"amd64"}),
    ("COPY Dockerfile* a ./", {"a"}), ("copy\ta\t./", {"a"}), ("COPY a /srv/\nCOPY nothing .", set()),
])  # fmt: skip
def test_an_instruction_copies_the_files_that_it_names(tmp_path: Path, lines: str, expected: set[str]) -> None:
    assert set(copied(tmp_path, f"{APP}{lines}\n", CONTEXT | {"Dockerfile": lines})) == expected


def test_here_documents_are_filled_in_unless_quoted(tmp_path: Path) -> None:
    files = copied(tmp_path, APP + "ENV V=1\nCOPY <<E <<-'F' ./\n\"$V\" \\$V ${W:-2}\nE\n\t$V\n\tF\n")
    assert files == {"E": '"1" $V 2\n', "F": "$V\n"}


@pytest.mark.parametrize(
    "text", ["COPY a /app\n", "COPY a /app\nWORKDIR /app\n", "COPY a .\n", "COPY a ./\nADD b.txt a\n"]
)
def test_the_base_may_have_the_working_folder(tmp_path: Path, text: str) -> None:
    assert set(copied(tmp_path, f"FROM x\n{text}")) == {"a"}


def test_stages_and_another_escape_character_are_read(tmp_path: Path) -> None:
    text = "# syntax=docker/dockerfile:1\n# escape=`\nARG B=base\nFROM $B:1 AS One\nWORKDIR /o\n"
    text += "COPY src `\n lib\nRUN make\n"
    text += "FROM scratch\nCOPY --from=ONE /o/lib /x\nCOPY a /\nFROM one\nWORKDIR /app\n"
    text += "COPY --from=1 /x/x.py /a z/\nCOPY --from=nginx:1 /etc/a .\nCOPY --from=0 /made .\n"
    made = read_dockerfile(text)
    files, elsewhere = copied_files(made, written(tmp_path, CONTEXT))
    assert (made.base, made.root, made.left_out) == (
        "base:1",
        "/app",
        ["RUN make", "COPY --from=nginx:1 /etc/a ."],
    )
    assert sorted(files) == ["z/a", "z/x.py"]
    assert elsewhere == ["/o/lib/t/y.md", "/o/lib/x.py", "COPY --from=0 /made ."]


def test_modes_links_and_archives_are_copied_as_by_docker(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "some.tgz", "w:gz") as archive:
        for name in ("in/f", "../out"):
            member = tarfile.TarInfo(name)
            member.size = 1
            archive.addfile(member, io.BytesIO(b"f"))
    (tmp_path / "link").symlink_to("src/t")
    text = (
        APP + "COPY --chmod=755 a b\nADD some.tgz here\nCOPY some.tgz ./\nCOPY link/y.md link l/\nCOPY link* m/\n"
    )
    files, _ = copied_files(read_dockerfile(text), written(tmp_path, CONTEXT))
    assert sorted(files) == ["b", "here/in/f", "here/out", "l/y.md", "m/y.md", "some.tgz"]
    assert files["b"].executable


@pytest.mark.parametrize("text", [
    "COPY a\n", "COPY 'a b ./\n", "COPY ${a ./\n", "COPY a ${A:?no A}\n", "COPY a /app/f\nCOPY src /app/f/\n",
    "COPY <<E /app/c\nno end\n", "COPY a ${A@Q}\n", "COPY [ab ./\n",
])  # fmt: skip
def test_a_dockerfile_that_docker_refuses_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"[a-z]"):
        copied(tmp_path, APP + text)


SECRET = {
    "solution.sh": "s",
    "solution/solve.sh": "s",
    "tests/test_outputs.py": "t",
    "run-tests.sh": "r",
    "task.yaml": "y",
}


@pytest.mark.parametrize("lines", [
    "COPY . /app", "COPY . .", "ADD ./ /app/", "COPY solution.sh /app/", "COPY tests/ solution* *.sh /app/",
    "COPY * ./",    'COPY ["run-tests.sh", "tests", "task.yaml", "./"]', "COPY hint ./",
    "COPY --parents tests/*.py ./",
    "COPY . /x/\nFROM y\nCOPY --from=0 /x /app", "COPY tests/test_outputs.py solution/solve.sh ./",
])  # fmt: skip
def test_a_tasks_own_folder_keeps_its_secrets(tmp_path: Path, lines: str) -> None:
    task = written(tmp_path / "task", SECRET)
    (task / "hint").symlink_to("solution.sh")
    files, _ = copied_files(read_dockerfile(f"FROM x\n{lines}\n"), task)
    assert [path for path in files if path != "hint"] == []
