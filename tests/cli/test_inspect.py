"""`codegym inspect`: a page, and the same as text and JSON."""

from __future__ import annotations

from pathlib import Path

from .conftest import Cli


def test_a_page_text_and_json(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "new" / "page.html"
    ran = cli("inspect", "mini", "--out", out, "--read", 2, "--json")
    assert ran.code == 0, ran.err
    assert (ran.value["inspected"], len(ran.value["rows"]), len(ran.value["reading"])) == (3, 3, 2)
    assert ran.value["page"] == str(out)
    assert out.read_text().startswith("<!doctype html>")
    text = cli("inspect", "mini", "--out", out).out
    assert "codegym/mini-v3: 3 tasks" in text
    assert "difficulty  tasks" in text
    assert "0 of 3 tasks have a certificate" in text


def test_a_sample_of_a_generated_suite(cli: Cli, tmp_path: Path) -> None:
    ran = cli("inspect", "drill", "--sample", 5, "--out", tmp_path / "page.html")
    assert ran.code == 0, ran.err
    assert "codegym/drill-v3: 5 of 2600 tasks" in ran.out
    assert "From 5 tasks, spread evenly over 2600" in (tmp_path / "page.html").read_text()
