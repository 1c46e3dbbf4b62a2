"""Multi-SWE-bench: pull requests in seven languages. A row has the columns of the pull request."""

from __future__ import annotations

from codegym.importer.imported_task import ImportedTask, ImportOptions
from codegym.importer.names import read_names, read_object
from codegym.importer.repository.instance import Instance, instance_task
from codegym.importer.repository.language import dialect, language_of
from codegym.importer.repository.swebench import whole
from codegym.importer.rows import Row, column


def multi_swe_bench(row: Row, options: ImportOptions) -> ImportedTask:
    """Read a row of Multi-SWE-bench (``org``, ``repo``, ``number``, ``base``, ``fix_patch``, ``test_patch``, …).

    Its fail-to-pass tests are those that fail, are skipped or do not exist without the fix.
    """
    org, repo, number = str(column(row, "org")), str(column(row, "repo")), column(row, "number")
    base, tests = column(row, "base"), whole(str(row.get("test_patch") or ""))
    gold = whole(str(column(row, "fix_patch")))
    language = language_of(row.get("lang") or row.get("language"), gold, tests)
    fixed = [read_names(row.get(f"{kind}_tests")) for kind in ("f2p", "s2p", "n2p")]
    return instance_task(
        Instance(
            id=str(row.get("instance_id") or f"{org}__{repo}-{number}"),
            origin="multi-swe-bench",
            language=language,
            repo=f"{org}/{repo}",
            commit=str(read_object(base)["sha"]),
            instruction=_instruction(row),
            gold=gold,
            tests=tests,
            fail_to_pass=tuple(name for names in fixed for name in names) or read_names(row.get("fixed_tests")),
            pass_to_pass=read_names(row.get("p2p_tests")),
            image=f"mswebench/{org}_m_{repo}:pr-{number}".lower(),
            command="sh /home/run.sh",
            dialect=dialect("", language),
        ),
        row,
        options,
    )


def _instruction(row: Row) -> str:
    """Return the texts of the issues that the pull request resolved; its own text may reveal the solution."""
    issues = row.get("resolved_issues") or []
    texts = [f"# {issue.get('title') or ''}\n\n{issue.get('body') or ''}".strip() for issue in issues]
    return "\n\n".join(texts) or f"# {row.get('title') or ''}\n\n{row.get('body') or ''}".strip()
