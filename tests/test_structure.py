"""The code keeps its shape: small files, short functions, typed signatures, layers that import only downward."""

import ast
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path
from statistics import mean, median

import pytest

import codegym

PACKAGE = Path(codegym.__file__).parent
FILES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if "_catalog" not in path.parts
}
TREES = {module: ast.parse(path.read_text()) for module, path in FILES.items()}
Function = ast.FunctionDef | ast.AsyncFunctionDef

LAYERS = [  # lowest first; modules of one layer may import each other, as long as there is no cycle
    {"", "errors", "atomic", "digest", "catalog", "failure", "task", "deadline", "progress", "tokens", "syntax"},
    {"sandbox", "tree", "patch", "source", "sdist", "task_list", "certificate", "episode", "episode_file"},
    {"suite", "generator", "difficulty", "cluster"},
    {"harness", "mutate"},
    {"tool", "grade", "reward"},
    {"env", "env_option", "space", "registry", "plugin", "foundry", "policy", "importer", "exporter"},
    {"rollout"},
    {"board", "redteam", "inspection"},
    {"evaluate"},
    {"train"},
    {"bench"},
    {"cli"},
]
LAYER = {name: height for height, names in enumerate(LAYERS) for name in names}

SANDBOX = [  # the same inside codegym/sandbox; folders of one layer import nothing of each other
    {"", "protocol"},
    {"host"},
    {"image", "runner"},
    {"layered", "pool", "lay"},
    {"bwrap", "docker", "fake"},
    {"backend"},
    {"doctor"},
]


BARE_WORDS = frozenset(
    """
    asked covered counted found given gone heard held kept known made named noted said seen shown struck taken
    there told wanted
    """.split()  # noqa: SIM905  a list literal would be three times as long
)
"""Names that do not say what they are of: a name is a noun, or a verb and its object."""

RIDDLES = re.compile(
    r"\bof which nobody\b|\bbe it\b|\bbut for\b|\bfor want of\b|\banew\b|\bnot to be had\b|\bcan be had\b"
    r"|\bwhat is known of\b|\btaken? at (?:its|their) word\b|\bwhatever comes of\b|\bis it handed\b"
    r"|\b(?:an?|one) (?!(?:as|at|by|for|from|has|in|of|on|or|than|that|to|with)\b)[a-z]+"
    r" an? (?:box|episode|file|layer|line|minute|package|step|suite|task|test|turn)\b"
    r"|\b(?:boxes|commands|episodes|requests|steps|times|tokens) an? (?:minute|second)\b"
)
"""Phrases in docstrings that have to be read twice. "one X per Y" instead of "an X a Y"."""

OUTSIDE_NAMES = {
    "codegym.foundry.recipe.lock": {"said"},  # a key in lock files
    "codegym.foundry.forge.report": {"made"},  # a key in the output of `codegym forge --json`
    "codegym.importer.kit.log_tap": {"found", "known"},  # its text is part of imported tasks and their digests
}
"""Names that stay because they are written outside the code, or because the code itself is."""


def functions(tree: ast.AST) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def length(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def unannotated_functions(tree: ast.AST) -> list[str]:
    """Return the names of the functions that lack the type of a parameter or of what they return."""
    names = []
    for node in functions(tree):
        parameters = node.args
        named = chain(
            parameters.posonlyargs,
            parameters.args,
            parameters.kwonlyargs,
            filter(None, (parameters.vararg, parameters.kwarg)),
        )
        if node.returns is None or any(not a.annotation and a.arg not in ("self", "cls") for a in named):
            names.append(node.name)
    return names


def imports(module: str) -> set[str]:
    """All modules of codegym that a module imports, lazily or not; type checking alone does not count."""
    found = set()
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name for name in names if name in FILES} or {node.module}
    return {name for name in found if name in FILES}


def test_files_are_small() -> None:
    lines = {module: len(path.read_text().splitlines()) for module, path in FILES.items()}
    assert [module for module, count in lines.items() if count > 400] == []
    assert median(count for count in lines.values() if count > 5) <= 120


def test_functions_are_short() -> None:
    sizes = {f"{m}:{f.name}": length(f) for m, tree in TREES.items() for f in functions(tree)}
    assert [name for name, size in sizes.items() if size > 60] == []
    assert mean(sizes.values()) <= 14


def test_every_signature_is_annotated() -> None:
    assert [f"{module}:{name}" for module, tree in TREES.items() for name in unannotated_functions(tree)] == []


def test_every_signature_of_the_tests_is_annotated() -> None:
    """Except in ``tests/data``, which contains the code that tests work on."""
    root = Path(__file__).parent
    paths = {path.relative_to(root): path for path in sorted(root.rglob("*.py"))}
    trees = {name: ast.parse(path.read_text()) for name, path in paths.items() if name.parts[0] != "data"}
    assert [f"{name}:{function}" for name, tree in trees.items() for function in unannotated_functions(tree)] == []


def test_every_module_says_why_it_exists() -> None:
    assert [module for module, tree in TREES.items() if not ast.get_docstring(tree)] == []


def bound_names(tree: ast.AST) -> set[str]:
    """The names that a module gives to functions, parameters, variables and attributes."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, Function):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
    return {name.strip("_") for name in names}


def docstrings(tree: ast.AST) -> list[str]:
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | Function)]
    return [" ".join(text.split()) for node in nodes if (text := ast.get_docstring(node))]


def test_names_say_what_they_are_of() -> None:
    bare = {m: (bound_names(tree) & BARE_WORDS) - OUTSIDE_NAMES.get(m, set()) for m, tree in TREES.items()}
    assert {module: words for module, words in bare.items() if words} == {}


def test_docstrings_are_no_riddles() -> None:
    riddles = [
        f"{module}: …{text[max(0, match.start() - 30) : match.end() + 10]}…"
        for module, tree in TREES.items()
        for text in docstrings(tree)
        for match in RIDDLES.finditer(text)
    ]
    assert riddles == []


def test_a_predicate_is_a_bool() -> None:
    asks = re.compile(r"_*(?:is|has|can|may|says|agrees)_")
    wrong = [
        f"{module}:{function.name}"
        for module, tree in TREES.items()
        for function in functions(tree)
        if asks.match(function.name) and function.returns and not ast.unparse(function.returns).startswith("bool")
    ]
    assert wrong == []


def test_no_two_public_classes_share_a_name() -> None:
    modules: dict[str, list[str]] = {}
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                modules.setdefault(node.name, []).append(module)
    assert {name: where for name, where in modules.items() if len(where) > 1} == {}


def test_layers_import_only_downward() -> None:
    def layer(module: str) -> int:
        return LAYER[module.removeprefix("codegym").lstrip(".").partition(".")[0]]

    upward = [f"{m} -> {used}" for m in FILES for used in imports(m) if layer(used) > layer(m)]
    assert upward == []


def test_every_module_has_a_layer() -> None:
    names = {module.removeprefix("codegym").lstrip(".").partition(".")[0] for module in FILES}
    assert names == set(LAYER)


def test_the_sandbox_s_folders_import_only_downward() -> None:
    height = {name: number for number, names in enumerate(SANDBOX) for name in names}

    def place(module: str) -> str:
        return module.removeprefix("codegym.sandbox").lstrip(".").partition(".")[0]

    inside = [module for module in FILES if f"{module}.".startswith("codegym.sandbox.")]
    assert {place(module) for module in inside} == set(height)
    sideways = [
        f"{module} -> {used}"
        for module in inside
        for used in imports(module).intersection(inside)
        if place(used) != place(module) and height[place(used)] >= height[place(module)]
    ]
    assert sideways == []


def test_docker_is_imported_only_by_its_own_backend() -> None:
    def packages(module: str) -> set[str]:
        nodes = list(ast.walk(TREES[module]))
        plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        origins = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        return {name.partition(".")[0] for name in plain | origins}

    users = {module for module in FILES if "docker" in packages(module)}
    assert users
    assert {module for module in users if not module.startswith("codegym.sandbox.docker.")} == set()


def test_only_one_module_parses_python() -> None:
    parsers = {
        module
        for module, tree in TREES.items()
        if "inbox" not in module and "kit" not in module.split(".")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "ast.parse"
    }
    assert parsers <= {"codegym.syntax", "codegym.tool.compact.tracer"}, "threads would disturb each other"


def test_nothing_imports_in_circles() -> None:
    graph = {module: imports(module) - {module} for module in FILES}
    while leaves := [module for module, used in graph.items() if not used & graph.keys()]:
        for module in leaves:
            del graph[module]
    assert graph == {}


def test_the_engine_knows_no_player() -> None:
    used = imports("codegym.rollout.engine") | imports("codegym.rollout.crew")
    assert "codegym.rollout.play" not in used


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_importing_codegym_is_quick_and_loads_nothing_heavy() -> None:
    timed = "import time, sys; t = time.perf_counter(); import codegym; print(time.perf_counter() - t)"
    assert min(float(run(timed)) for _ in range(3)) < 0.2
    heavy = {"torch", "trl", "transformers", "docker", "gymnasium", "pydantic", "numpy", "typer"}
    loaded = set(run("import codegym, sys; print(*sys.modules)").split())
    assert not heavy & loaded


@pytest.mark.parametrize(("module", "banned"), [
    ("codegym.env", {"torch", "trl", "transformers", "docker"}),
    ("codegym.rollout.engine", {"torch", "trl", "transformers", "docker"}),
    ("codegym.board.render", {"torch", "docker", "gymnasium"}),
    ("codegym.cli", {"torch", "docker", "gymnasium", "numpy"}),
])  # fmt: skip
def test_heavy_packages_are_loaded_only_where_they_are_needed(module: str, banned: set[str]) -> None:
    assert not banned & set(run(f"import {module}, sys; print(*sys.modules)").split())


def test_exported_names() -> None:
    exported = {m: tree for m, tree in TREES.items() if FILES[m].name == "__init__.py"}
    for module in exported:
        names = getattr(sys.modules.get(module) or __import__(module, fromlist=["*"]), "__all__", [])
        assert sorted(names) == sorted(set(names)), module
        assert all(hasattr(sys.modules[module], name) for name in names), module
    assert codegym.__version__.count(".") == 2


def test_a_grader_s_digest_is_of_all_that_grades_and_of_no_more() -> None:
    from codegym.grade.grade import grader_digest, grader_files

    named = {path.relative_to(PACKAGE).as_posix() for path in grader_files()}
    own = {path.relative_to(PACKAGE).as_posix() for path in (PACKAGE / "grade").rglob("*.py")}
    assert named == own
    assert {"grade/exam.py", "grade/judge.py", "grade/room.py", "grade/form/bank.py"} <= named
    assert {path.split("/")[1] for path in named if path.count("/") > 1} == {"form"}
    assert not [name for name in named if "bench" in name]
    assert len(grader_digest()) == 64
