"""Recipes: what their globs match, and the splits of pyrepair."""

from pathlib import Path

import pytest

from codegym.errors import TaskError
from codegym.foundry.recipe.recipe import load_recipe, matches
from codegym.suite import suite_root


@pytest.mark.parametrize(
    ("glob", "path", "covers"),
    [
        ("pkg/*.py", "pkg/a.py", True),
        ("pkg/*.py", "pkg/tests/test_a.py", False),
        ("pkg/**/*.py", "pkg/a.py", True),
        ("pkg/**/*.py", "pkg/deep/er/a.py", True),
        ("pkg/*.py", "other/pkg/a.py", False),
        ("test_*.py", "test_a.py", True),
        ("pkg/*.py", "pkg/axpy", False),
    ],
)
def test_a_glob_s_star_stays_inside_a_folder(glob: str, path: str, covers: bool) -> None:
    assert matches(path, glob) is covers


def test_every_package_of_pyrepair_is_in_one_split() -> None:
    recipe = load_recipe(suite_root("pyrepair"))
    splits = [{p.name for p in recipe.package if p.split == split} for split in ("train", "val", "test")]
    assert all(splits)
    assert sum(map(len, splits)) == len(set.union(*splits)) == len(recipe.package)
    assert sum(p.tasks for p in recipe.package if p.split == "test") >= 150


def test_a_wrong_recipe_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text("[[package]]\nname = 'x'\n")
    with pytest.raises(TaskError, match=r"recipe\.toml"):
        load_recipe(tmp_path)
