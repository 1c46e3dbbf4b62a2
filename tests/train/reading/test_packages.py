"""What suites measure with is never read, and what a user excludes is excluded by either of its names."""

import pytest

from codegym.errors import ConfigError
from codegym.train.reading.library import library_functions
from codegym.train.reading.packages import excluded_packages, is_excluded


def test_what_a_suite_measures_with_and_codegym_are_always_excluded() -> None:
    always = excluded_packages([])
    assert {"dateutil", "toolz", "semver", "parse", "inflection", "codegym"} <= always
    assert not {"boltons", "mistune", "sqlparse", "pip", "json"} & always


@pytest.mark.slow
def test_no_function_of_them_is_read_whatever_the_settings_say() -> None:
    always = excluded_packages([])
    assert not {function.package for function in library_functions(frozenset())} & always


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("pydantic-core", "pydantic_core"),
        ("gymnasium", "gymnasium"),
        ("json", "json"),
        ("typing.Extensions", "typing_extensions"),
    ],
)
def test_a_package_is_excluded_by_either_name(name: str, module: str) -> None:
    assert module in excluded_packages([name])
    assert "pytest" not in excluded_packages([name])


def test_a_suites_package_may_be_named_where_it_is_not_installed() -> None:
    assert {"boltons", "dateutil"} <= excluded_packages(["boltons", "python-dateutil"])


@pytest.mark.parametrize(("name", "near"), [("pyton-dateutil", "python-dateutil"), ("jsn", "json")])
def test_an_unknown_package_is_refused(name: str, near: str) -> None:
    with pytest.raises(ConfigError, match=f"unknown package in excluded '{name}'. Did you mean '{near}'"):
        excluded_packages([name])


def test_copies_of_a_package_in_another_are_left_out_as_well() -> None:
    assert is_excluded(("dateutil", "parser.py"), {"dateutil"})
    assert is_excluded(("semver.py",), {"semver"})
    assert is_excluded(("pip", "_vendor", "semver", "version.py"), {"semver"})
    assert not is_excluded(("urllib", "parse.py"), {"parse"})
