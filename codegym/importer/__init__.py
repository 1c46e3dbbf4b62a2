"""Imports tasks that others publish. :mod:`codegym.importer.formats` lists the formats.

- ``formats``: the formats by name. ``rows``: rows of data sets, from any file. ``names``: names of tests in rows.
- ``imported_task``: what the reader of each format returns. ``suite_folder``: writes imported tasks as a suite.
- ``suite_import``: all of it, from a file of rows to a suite with a name.
- ``repository/``: SWE-bench and its relatives. ``function/``: HumanEval and its relatives.
- ``folder/``: tasks that are folders: Harbor, Terminal-Bench, Exercism.
- ``kit/``: files that are written into tasks and run in boxes; ``kit_text`` reads them.
"""
