"""Patches as text: what an agent changed, in the form that git, people and other harnesses read.

A patch is computed from files and applied to files; no git is run, since a repository's own git configuration
could have a say in what that one does. What is written here is accepted by ``git apply``, and application is
strict: exact positions, exact context, no fuzz. Binary files are git's ``GIT binary patch`` literals.

- ``write``: from files to a patch. ``read``: from a patch to its sections. ``apply``: from a patch to files.
- ``reverse``: turns a patch around. ``paths``: file names in patches. ``binary``: binary sections.
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
