"""Patches: what is written applies, here and with git, and what should not apply does not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegym.patch import PatchError, apply_patch, changed_lines, make_patch, patch_paths
from codegym.sandbox.protocol import Changes, File
from codegym.tree import read_tree, write_file

TEXT = "".join(f"line {i}\n" for i in range(1, 41))
NAMES = ["a.py", "sub/b.py", "sub/deep/c d.txt", 'q"uo\\te.py', "tab\there", "größe.py", "new\nline", "x b/x"]

lines = st.lists(st.sampled_from(["", "a", "b", " c", "-d", "+e", "@@ x", "\\ No", "f\r", "\x0c"]), max_size=12)
lines |= st.lists(st.sampled_from(["\udce9", "caf\udce9", "x\r", "a", "b", "c", "d", "\udcff\udcfe"]), max_size=12)
texts = st.builds(
    lambda body, end: ("\n".join(body) + end).encode(errors="surrogateescape"), lines, st.sampled_from(["", "\n"])
)
regular = st.builds(File, texts | st.binary(max_size=150), executable=st.booleans())
links = st.builds(lambda target: File(b"", link=target), st.sampled_from(["nowhere", "../x", "größe"]))
NESTED = [*NAMES, "sub", "sub/deep", "a.py/x", "x b", "größe.py/y/z"]


def without_folders(files: dict[str, File]) -> dict[str, File]:
    """Leave out files that stand where other files need a folder."""
    return {p: f for p, f in files.items() if not any(other.startswith(p + "/") for other in files)}


trees = st.dictionaries(st.sampled_from(NESTED), regular | links, max_size=5).map(without_folders)


def edit(text: str, **lines: str) -> bytes:
    return "".join(lines.get(f"at{i}", line) for i, line in enumerate(text.splitlines(True), 1)).encode()


def difference(old: dict[str, File], new: dict[str, File]) -> Changes:
    return {path: new.get(path) for path in sorted(old.keys() | new.keys()) if old.get(path) != new.get(path)}


@given(old=trees, new=trees)
@settings(deadline=None)
def test_what_is_made_applies(old: dict[str, File], new: dict[str, File]) -> None:
    changes = difference(old, new)
    patch = make_patch(old, changes)
    assert apply_patch(patch, old.get) == changes
    assert patch_paths(patch) == tuple(sorted(changes))
    assert bool(patch) == bool(changes)


def git(folder: Path, *words: str, stdin: bytes = b"") -> bytes:
    argv = ["git", "-c", "user.name=n", "-c", "user.email=e", "-c", "core.safecrlf=false", *words]
    return subprocess.run(argv, cwd=folder, input=stdin, check=True, capture_output=True).stdout


def git_apply(folder: Path, old: dict[str, File], patch: str) -> dict[str, File]:
    for path, file in old.items():
        write_file(folder / path, file)
    git(folder, "init", "-q")
    git(folder, "apply", "--whitespace=nowarn", "-", stdin=patch.encode(errors="surrogateescape"))
    return read_tree(folder)


def git_diff(folder: Path, old: dict[str, File], new: dict[str, File], *options: str) -> str:
    git(folder, "init", "-q")
    for files in (old, new):
        git(folder, "rm", "-rq", "--ignore-unmatch", ".")
        for path, file in files.items():
            write_file(folder / path, file)
        git(folder, "add", "-Af", ".")
        if files is old:
            git(folder, "commit", "-qm", "x", "--allow-empty")
    return git(folder, "diff", "--cached", "--binary", *options, "HEAD").decode(errors="surrogateescape")


def test_git_applies_what_is_made(tmp_path: Path) -> None:
    old = {
        "a.py": File(TEXT.encode()),
        "gone.py": File(b"x\n"),
        "end.py": File(b"no newline"),
        "mode.sh": File(b"echo\n"),
        "image.bin": File(bytes(range(256)) * 3),
        "link": File(b"", link="a.py"),
        "turned": File(b"file\n"),
        "empty": File(b""),
    }
    new = {
        "a.py": File(edit(TEXT, at2="second\n", at3="", at30="thirty\nthirty and a half\n")),
        "end.py": File(b"no newline\nnow it has\n"),
        "mode.sh": File(b"echo\n", executable=True),
        "image.bin": File(bytes(range(256)) * 2),
        "link": File(b"", link="end.py"),
        "turned": File(b"", link="a.py"),
        "sub/größe \t.py": File(b"new\r\n"),
        "x b/x": File(b"spaces"),
        "zero": File(b"", executable=True),
    }
    patch = make_patch(old, difference(old, new))
    assert git_apply(tmp_path, old, patch) == new


@settings(deadline=None, max_examples=10)
@given(old=trees, new=trees)
def test_git_agrees(tmp_path_factory: pytest.TempPathFactory, old: dict[str, File], new: dict[str, File]) -> None:
    changes = difference(old, new)
    if changes:
        assert git_apply(tmp_path_factory.mktemp("git"), old, make_patch(old, changes)) == new


DIFFS = [(), ("-M",), ("-C", "--find-copies-harder"), ("-B", "-M"), ("--full-index", "-U1"), ("--no-renames",)]


@settings(deadline=None, max_examples=15)
@given(old=trees, new=trees, options=st.sampled_from(DIFFS))
def test_what_git_writes_applies_as_git_applies_it(
    tmp_path_factory: pytest.TempPathFactory, old: dict[str, File], new: dict[str, File], options: tuple[str, ...]
) -> None:
    patch = git_diff(tmp_path_factory.mktemp("git"), old, new, *options)
    assert apply_patch(patch, old.get) == difference(old, new)
    turned = any(path.startswith(f"{name}/") or name.startswith(f"{path}/") for name in old for path in new)
    if patch and not (turned and "\nrename from " in patch):  # which git does not apply itself
        assert git_apply(tmp_path_factory.mktemp("git"), old, patch) == new


def test_what_git_writes_applies(tmp_path: Path) -> None:
    big = bytes(range(256)) * 40
    old = {
        "a.py": File(TEXT.encode()),
        "b.bin": File(b"\0\1\2"),
        "c d.py": File(b"x\n"),
        "delta.bin": File(big),
        "swap1": File(TEXT.replace("line", "first").encode() * 9),
        "swap2": File(TEXT.replace("line", "2").encode() * 20),
        "latin.py": File(b"# caf\xe9\n" + TEXT.encode() + b"# \xfc\n"),
    }
    new = {
        "moved/a.py": File(edit(TEXT, at7="seven\n")),
        "b.bin": File(b"\0" * 99),
        "c d.py": File(b"y\n"),
        "delta.bin": File(big[:5000] + b"\0new\0" + big[5000:]),
        "swap1": old["swap2"],
        "swap2": old["swap1"],
        "copy": old["c d.py"],
        "latin.py": File(b"# caf\xe9s\n" + edit(TEXT, at20="twenty\n") + b"# \xfc\n"),
    }
    patch = git_diff(tmp_path, old, new, "-B", "-M")
    for word in ("\ndelta ", "rename from swap1", "rename from swap2", "rename from a.py"):
        assert word in patch
    assert apply_patch(patch, old.get) == difference(old, new)


def test_a_source_that_is_not_utf_8_is_text() -> None:
    old = {"a.py": File(b"# caf\xe9\n" + TEXT.encode())}
    new = {"a.py": File(b"# caf\xe9\n" + edit(TEXT, at20="twenty\n"))}
    patch = make_patch(old, new)
    assert patch.splitlines()[3:5] == ["@@ -18,7 +18,7 @@", " line 17"] or "+twenty" in patch
    assert "GIT binary patch" not in patch
    assert apply_patch(patch, old.get) == new
    near = {"a.py": File(b"# caf\xe8\n" + TEXT.encode())}
    patch = make_patch(old, near)
    patch.encode()
    assert apply_patch(patch, old.get) == near
    written = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-# caf\udce9\n+# caf\udce8\n"
    assert apply_patch(written, {"a.py": File(b"# caf\xe9\n")}.get) == {"a.py": File(b"# caf\xe8\n")}


SUBMODULE = "diff --git a/lib b/lib\n{}index 0000000..1111111{}\n--- {}\n+++ {}\n@@ -{} +{} @@\n{}"
SUBMODULES = [
    SUBMODULE.format("new file mode 160000\n", "", "/dev/null", "b/lib", "0,0", "1", "+Subproject commit 1\n"),
    SUBMODULE.format("", " 160000", "a/lib", "b/lib", "1", "1", "-Subproject commit 0\n+Subproject commit 1\n"),
    SUBMODULE.format("deleted file mode 160000\n", "", "a/lib", "/dev/null", "1", "0,0", "-Subproject commit 1\n"),
]


@pytest.mark.parametrize("submodule", SUBMODULES)
def test_a_submodule_is_left_out(submodule: str) -> None:
    old, new = {"z": File(b"a\n")}, {"z": File(b"b\n")}
    patch = submodule + make_patch(old, new)
    assert apply_patch(patch, old.get) == new
    assert patch_paths(patch) == ("z",)


def test_changed_lines_are_told_from_headers() -> None:
    old, new = {"a.lua": File(b"-- one\n++ two\nthree\n")}, {"a.lua": File(b"three\n-- four\n"), "b": File(b"+\n")}
    found = changed_lines(make_patch(old, new))
    assert found == ["--- one", "-++ two", "+-- four", "++"]


def test_the_format_is_git_s() -> None:
    old, new = {"a.py": File(b"one\ntwo")}, {"a.py": File(b"one\nTWO\n")}
    assert make_patch(old, difference(old, new)) == (
        "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n one\n"
        "-two\n\\ No newline at end of file\n+TWO\n"
    )


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../up", "a/../../b", ".git/hooks/x", "s/.GIT/config", "a//b", ""]
)
def test_paths_out_of_the_tree_are_refused(path: str) -> None:
    with pytest.raises(PatchError, match="refused"):
        make_patch({}, {path: File(b"x\n")})
    patch = make_patch({}, {"PATH": File(b"x\n")}).replace("PATH", path)
    with pytest.raises(PatchError):
        apply_patch(patch, {}.get)
    with pytest.raises(PatchError):
        patch_paths(patch)


def test_no_fuzz() -> None:
    old = {"a.py": File(TEXT.encode())}
    patch = make_patch(old, {"a.py": File(edit(TEXT, at20="twenty\n"))})
    for wrong in (TEXT.replace("line 18\n", "line x\n"), "one more\n" + TEXT, ""):
        with pytest.raises(PatchError, match=r"a\.py: patch line 1: .*does not match"):
            apply_patch(patch, {"a.py": File(wrong.encode())}.get)
    with pytest.raises(PatchError, match="no file"):
        apply_patch(patch, {}.get)


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ("hello\n", "line 1: expected 'diff --git'"),
        ("diff --git a/x b/x\n--- a/x\n+++ b/x\n", "line 3: no hunk"),
        ("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n", "ends within a hunk"),
        ("diff --git a/x b/x\n--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n", "do not agree"),
        ("diff --git a/x b/y\n--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n", "two names"),
        ("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0 +1 @@\n-a\n+b\n", "does not match"),
        ("diff --git a/x b/x\nnew file mode 160000\n", "file mode"),
        ("diff --git a/x b/x\nnew file mode 100644\n", "exists"),
        ("diff --git a/x b/x\ndeleted file mode 100644\n", "has content that the patch does not remove"),
        ("diff --git a/x b/x\nGIT binary patch\ndelta 3\nabc\n\n", "only literal"),
        ("diff --git a/x b/x\nGIT binary patch\nliteral 3\nCabcde\n\n", "binary literal"),
        ('diff --git "a/x\\q" "b/x\\q"\n', "unknown escape"),
        ("diff --git a/x b/x\nindex 7898192..0000000\nGIT binary patch\nliteral 300000000\nA\n\n", "more than"),
        ("diff --git a/x b/x\nGIT binary patch\nliteral " + "9" * 5000 + "\nA\n\n", "only literal"),
        (f"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +{'1' * 5000} @@\n-a\n+b\n", "malformed hunk"),
        (f"diff --git a/{'n' * 256} b/{'n' * 256}\nnew file mode 100644\n", "longer than"),
        (f"diff --git a/{'n/' * 2100}x b/{'n/' * 2100}x\nnew file mode 100644\n", "longer than"),
        ("diff --git a/\ud83d b/\ud83d\nnew file mode 100644\n", "half a character"),
        ("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+\ud83d\n", "half a character"),
    ],
)
def test_broken_patches_say_where(patch: str, message: str) -> None:
    with pytest.raises(PatchError, match=message):
        apply_patch(patch, {"x": File(b"a\n")}.get)


def test_nothing_is_written_beyond_a_link() -> None:
    patch = make_patch({}, {"link": File(b"", link="/etc"), "link/passwd": File(b"x")})
    with pytest.raises(PatchError, match="not a folder"):
        apply_patch(patch, {}.get)
    with pytest.raises(PatchError, match="not a folder"):
        apply_patch(make_patch({}, {"a/b": File(b"x")}), {"a": File(b"", link=".")}.get)


def test_big_files_are_quick() -> None:
    old = {"a": File("".join(f"{i % 7}\n" for i in range(60_000)).encode())}
    new = {"a": File("".join(f"{i % 11}\n" for i in range(60_000)).encode())}
    assert apply_patch(make_patch(old, difference(old, new)), old.get) == new


def test_a_quoted_old_name_ends_at_its_closing_quote() -> None:
    patch = 'diff --git "a/q\\"uo\\\\te.py" b/x b/x\nsimilarity index 100%\n'
    patch += 'rename from "q\\"uo\\\\te.py"\nrename to x b/x\n'
    changes = apply_patch(patch, {'q"uo\\te.py': File(b"1\n")}.get)
    assert changes == {'q"uo\\te.py': None, "x b/x": File(b"1\n")}
