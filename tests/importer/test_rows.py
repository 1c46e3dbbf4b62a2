"""Rows come out as they stand in the file, whatever the file."""

import gzip
import json
from pathlib import Path

import pytest

from codegym.errors import ConfigError, TaskError
from codegym.importer.names import is_node_id, read_names
from codegym.importer.rows import Row, read_rows, write_rows

ROWS: list[Row] = [
    {"instance_id": "a-1", "n": 1, "tests": ["x", "é"]},
    {"instance_id": "a-2", "n": None, "tests": []},
]


def test_json_lines_are_read_gzipped_or_not(tmp_path: Path) -> None:
    assert write_rows(tmp_path / "rows.jsonl", ROWS) == 2
    assert list(read_rows(tmp_path / "rows.jsonl")) == ROWS
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress((tmp_path / "rows.jsonl").read_bytes()))
    assert list(read_rows(tmp_path / "rows.jsonl.gz")) == ROWS


def test_json_lists_and_objects_by_id_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(ROWS))
    assert list(read_rows(path)) == ROWS
    path.write_text(json.dumps({row["instance_id"]: row for row in ROWS}))
    assert list(read_rows(path)) == ROWS


def test_parquet_and_arrow_are_read(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet  # type: ignore[import-untyped]

    table = pyarrow.Table.from_pylist(ROWS)
    parquet.write_table(table, tmp_path / "rows.parquet")
    assert list(read_rows(tmp_path / "rows.parquet")) == ROWS
    with pyarrow.ipc.new_stream(tmp_path / "rows.arrow", table.schema) as stream:
        stream.write_table(table)
    assert list(read_rows(tmp_path / "rows.arrow")) == ROWS
    assert list(read_rows(tmp_path)) == ROWS * 2


def test_rows_are_read_lazily(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\nnot json\n')
    rows = read_rows(path)
    assert next(rows) == {"a": 1}
    with pytest.raises(TaskError, match="line 2"):
        next(rows)


def test_one_line_of_many_that_cant_be_read_is_skipped(tmp_path: Path) -> None:
    errors: list[str] = []
    deep = b"[" * 100_000
    lines = [b'{"a": 1}', b"not json", b"[1]", b'{"a": "\xff"}', deep, b'{"a": 2}']
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    (tmp_path / "b.json").write_text('[{"a": 3}, 7, {"a": 4}]')
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(b'{"a": 5}\n' * 9999)[:-20])
    (tmp_path / "d.json").write_text("{")
    (tmp_path / "e.parquet").write_text("no parquet")
    (tmp_path / "f.jsonl").write_text('{"a": 6}')
    rows = [row["a"] for row in read_rows(tmp_path, lambda error: errors.append(str(error)))]
    assert [*dict.fromkeys(rows)] == [1, 2, 3, 4, 5, 6]
    expected = ["line 2", "line 3", "line 4", "line 5", "value 2", "c.jsonl.gz", "d.json", "e.parquet"]
    assert [part in error for part, error in zip(expected, errors, strict=True)] == [True] * len(expected)


def test_a_file_without_rows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no file"):
        next(read_rows(tmp_path / "none.jsonl"))
    (tmp_path / "rows.csv").write_text("a,b\n")
    with pytest.raises(ConfigError, match=r"\.parquet"):
        next(read_rows(tmp_path / "rows.csv"))
    (tmp_path / "rows.jsonl").write_text("[1]\n")
    with pytest.raises(TaskError, match="has to be a JSON object"):
        next(read_rows(tmp_path / "rows.jsonl"))


@pytest.mark.parametrize("value", [["a", "b"], '["a", "b"]', "['a', 'b']", ("a", "b"), {"a": {}, "b": {}}])
def test_test_names_are_read_in_every_form(value: object) -> None:
    assert read_names(value) == ("a", "b")


def test_values_that_are_no_test_names_are_refused() -> None:
    assert read_names(None) == read_names("") == read_names("[]") == ()
    with pytest.raises(TaskError, match="test names"):
        read_names("[1, 2]")
    with pytest.raises(TaskError, match="test names"):
        read_names("tests/test_a.py")


def test_node_ids_are_told_from_other_names() -> None:
    assert is_node_id("tests/test_a.py::TestB::test_c[d e]")
    assert is_node_id("tests/test_a.py::test_c[d[e f]")
    assert is_node_id("tests/test_a.py::test_c[]]")
    assert is_node_id("tests/test_a.py::TestB::test_c[[]")
    assert is_node_id("pkg/mod.py::pkg.mod.func")
    assert is_node_id("docs/guide.rst::guide.rst")
    assert not is_node_id("tests/test_a.py::test_c[d")
    assert not is_node_id("tests/test_a.py::test_c[d]-e")
    assert not is_node_id("test_c (tests.test_a.TestB)")
