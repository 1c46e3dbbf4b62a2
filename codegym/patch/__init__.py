"""Patches as text: an agent's changes in the form that git, people and other harnesses read.

A patch is computed from files and applied to files without running git, since a repository's git configuration
could change the result. ``git apply`` accepts every patch written here. Application is strict: exact positions,
exact context, no fuzz. Binary files are git's ``GIT binary patch`` literals.

- ``write``: from files to a patch. ``read``: from a patch to its parts. ``apply``: from a patch to files.
- ``reverse``: the inverse of a patch. ``paths``: file names in patches. ``binary``: binary files in patches.
"""

from codegym.patch.apply import apply_patch
from codegym.patch.paths import PatchError, may_be_named
from codegym.patch.read import changed_lines, patch_paths
from codegym.patch.reverse import reverse_patch
from codegym.patch.write import make_patch

__all__ = [
    "PatchError",
    "apply_patch",
    "changed_lines",
    "make_patch",
    "may_be_named",
    "patch_paths",
    "reverse_patch",
]
