"""Tasks in one function: to complete it, or to repair it.

- ``human_eval``, ``mbpp``, ``evalplus``: a format each. ``pack``: HumanEvalPack, with a module per language
  (``pack_cpp``, ``pack_js``, ``pack_python``) and their common ``pack_layout``.
- ``checks``: from a benchmark's checks to a pytest file.
"""
