"""Reads what others publish as tasks and benchmarks. See :mod:`codegym.importer.formats`.

- ``formats``: the formats by name. ``rows``: rows of data sets, from any file. ``names``: names of tests in rows.
- ``imported``: what each format's reader returns. ``suite_folder``: writes it as a suite.
- ``repository/``: SWE-bench and its relatives. ``function/``: HumanEval and its relatives.
- ``folder/``: tasks that are folders: Harbor, Terminal-Bench, Exercism.
- ``kit/``: files that are put into trees and run in boxes; ``kit_text`` reads them.
"""
