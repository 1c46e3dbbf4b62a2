"""Tasks about one function, which is to be completed or repaired.

- ``human_eval``, ``mbpp``, ``evalplus``: one format each. ``pack``: HumanEvalPack, with a module per language
  (``pack_cpp``, ``pack_js``, ``pack_python``) and their common ``pack_layout``.
- ``checks``: turns a benchmark's checks into a pytest file.
"""
