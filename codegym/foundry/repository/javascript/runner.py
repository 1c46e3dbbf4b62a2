"""How a JavaScript project runs its tests: the runner, its options, the test files, and what configures it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from codegym.errors import ConfigError
from codegym.foundry.repository.javascript.package_json import package_json
from codegym.grade.protected import matcher
from codegym.harness.framework.javascript_command import RUNNERS, JavaScriptCommand
from codegym.tree import Files

_PROGRAM = re.compile(
    r"(?:(?:\./)?(?:[\w./-]*/)?node_modules/(?:\.bin/)?)?_?(?P<name>jest|vitest|mocha|ava|tape|uvu)"
    r"(?:/(?:bin|entrypoints)?/?[\w.-]+)?"
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_DROPPED = (
    "--watch", "--coverage", "--reporter", "--outputFile", "--json", "--bail", "--ci", "--silent", "--verbose",
    "--fail-fast", "--tap", "--color", "--maxWorkers", "--runInBand", "--run", "--updateSnapshot",
    "--update-snapshots", "--no-coverage", "--collectCoverage", "--watchman", "--no-watchman", "--ui=",
)  # fmt: skip
_DROPPED_SHORT = {
    "jest": {"-i", "-b", "-u", "-w"},
    "mocha": {"-b", "-R", "-w", "-c", "-C"},
    "ava": {"-v", "-c", "-u", "-w", "-t"},
    "uvu": {"-b", "-c"},
}
_DROPPED_WITH_VALUE = {"--reporter", "--reporters", "--outputFile", "-R", "--coverageReporters", "--maxWorkers"}
_TAKES_A_VALUE = frozenset({
    "-r", "--require", "--import", "--loader", "--experimental-loader", "-t", "--timeout", "-T", "--config", "-m",
    "--match", "--concurrency", "-i", "--ignore", "-C", "--cwd", "--node-arguments", "--conditions",
})  # fmt: skip
_MODES = {"vitest": {"run", "watch", "dev"}}
_SCRIPT_SUFFIXES = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx")
_AVA_FILES = (
    "test.*", "src/test.*", "source/test.*", "**/test-*.*", "**/*.spec.*", "**/*.test.*", "**/test/**",
    "**/tests/**", "**/__tests__/**",
)  # fmt: skip
_AVA_IGNORED = re.compile(r"(?:^|/)(?:_|(?:fixtures?|helpers?|node_modules)/)")
_CONFIGURATION = re.compile(r"(?:^|/)(?:(?:jest|vitest|vite|ava)\.config\.\w+|\.mocharc(?:\.\w+)?|mocha\.opts)$")
_QUOTED = re.compile(r"""["'](?:<rootDir>/|\./)?([^"'\n]+)["']""")
_IGNORE = ("-i", "--ignore")
_UVU_IN_FOLDER = r"\w+\.([mc]js|[jt]sx?)$"
_UVU_ANYWHERE = r"((/|^)(tests?|__tests?__)/.*|\.(tests?|spec)|^/?tests?)\.([mc]js|[jt]sx?)$"
"""uvu's own patterns for the files of a folder that is named, and of a project."""
_NODE_TEST = re.compile(rb"""["']node:test["']""")
_TAPE = re.compile(rb"""["']tape["']""")


def runner_command(words: Sequence[str], files: Files) -> JavaScriptCommand | None:
    """Return the command of a test runner that ``words`` are; ``None`` if they start none that is known.

    Programs in front of the runner (``npx``, ``c8``, ``cross-env``) are left out, and so are options that report,
    watch, measure or stop early. Raises :class:`~codegym.errors.ConfigError` if the runner has no test file.
    """
    assignments = tuple(_assignments(words))
    for at, word in enumerate(words):
        program = _PROGRAM.fullmatch(word)
        if program is not None:
            node_options = _node_options(words[:at])
            assignments += (f"NODE_OPTIONS={' '.join(node_options)}",) if node_options else ()
            return _of_runner(program["name"], list(words[at + 1 :]), assignments, files)
    if "node" in words and "--test" not in words:
        return _of_script(list(words[words.index("node") + 1 :]), assignments, files)
    return None


def configured_files(command: JavaScriptCommand, files: Files) -> tuple[str, ...]:
    """Return the files that configure a runner: those that its command or its configuration names.

    Files in ``src`` and ``lib`` are left out, since they may be what is tested.
    """
    own = json.dumps(package_json(files).get(command.name, {}))
    texts = [
        own,
        *(file.content.decode(errors="replace") for path, file in files.items() if _is_configuration(path)),
    ]
    names = {match[1] for text in texts for match in _QUOTED.finditer(text)} | {*command.options}
    paths = {path.removeprefix("./") + end for path in names for end in ("", ".js", ".cjs", ".mjs")}
    return tuple(sorted(path for path in paths if path in files and not path.startswith(("src/", "lib/"))))


def _is_configuration(path: str) -> bool:
    return _CONFIGURATION.search(path) is not None


def _assignments(words: Sequence[str]) -> Iterator[str]:
    """Yield the assignments at the beginning of a command."""
    for word in words:
        if _ASSIGNMENT.fullmatch(word):
            yield word
        elif word not in ("cross-env", "env"):
            return


def _node_options(words: Sequence[str]) -> list[str]:
    """Return the options of ``node`` in front of a runner's program."""
    rest = words[list(words).index("node") + 1 :] if "node" in words else ()
    return [word for word in rest if word.startswith("-")]


def _of_runner(name: str, words: list[str], assignments: tuple[str, ...], files: Files) -> JavaScriptCommand:
    words = list(_useful(name, words))
    if not RUNNERS[name].each:
        return JavaScriptCommand(assignments, name, tuple(words))
    options, arguments = _parted(words)
    if name == "ava":
        chosen = _ava_files(arguments, files)
    elif name == "uvu":
        ignored = [value for option, value in pairwise(options) if option in _IGNORE]
        options = [word for word in options if word not in (*_IGNORE, *ignored)]
        chosen = _uvu_files(arguments, ignored, files)
    else:
        chosen = _named_files(arguments, files)
    if not chosen:
        raise ConfigError(
            f"no test file of {name} was found ({' '.join(arguments) or 'at its usual places'}): if the package "
            "is published without its tests, use its repository, or name them with --test-command"
        )
    return JavaScriptCommand(assignments, name, tuple(options), tuple(chosen))


def _of_script(words: list[str], assignments: tuple[str, ...], files: Files) -> JavaScriptCommand | None:
    """Return the command that runs files by node as they are, or by tape if they import it."""
    options, arguments = _parted(words)
    chosen = _named_files([_resolved(word, files) for word in arguments[:1]], files)
    if not chosen or any(_NODE_TEST.search(files[path].content) for path in chosen):
        return None
    name = "tape" if all(_TAPE.search(files[path].content) for path in chosen) else "script"
    return JavaScriptCommand(assignments, name, tuple(options), tuple(chosen))


def _resolved(path: str, files: Files) -> str:
    """Return the file that node runs for ``path``."""
    path = path.removeprefix("./").rstrip("/")
    return next((name for name in (path, f"{path}.js", f"{path}/index.js") if name in files), path)


def _useful(name: str, words: Sequence[str]) -> Iterator[str]:
    """Yield the words of a runner's command without options that report, watch, measure or stop early."""
    rest = iter(words)
    for word in rest:
        if word in _DROPPED_WITH_VALUE:
            next(rest, None)
        elif word in _MODES.get(name, ()) or word in _DROPPED_SHORT.get(name, ()) or word.startswith(_DROPPED):
            continue
        elif word in ("|", ">", "||"):
            return
        else:
            yield word


def _parted(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the options among ``words``, with their values, and the other words."""
    options: list[str] = []
    arguments: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in _TAKES_A_VALUE:
            options += [word, *([value] if (value := next(rest, None)) is not None else [])]
        elif word != "--":
            (options if word.startswith("-") else arguments).append(word)
    return options, arguments


def _named_files(arguments: Iterable[str], files: Files) -> list[str]:
    """Return the files that ``arguments`` name: by path, by folder, or by a pattern."""
    patterns = [pattern for word in arguments for pattern in _alternatives(word.removeprefix("./").rstrip("/"))]
    whole = matcher((*patterns, *(f"{pattern}/**" for pattern in patterns)))
    return sorted(path for path in files if path.endswith(_SCRIPT_SUFFIXES) and whole.fullmatch(path))


def _ava_files(arguments: Sequence[str], files: Files) -> list[str]:
    """Return the files that ava would run: those named, or those that its configuration or its defaults match."""
    configured = package_json(files).get("ava", {}).get("files")
    patterns = arguments or (configured if isinstance(configured, list) else None) or _AVA_FILES
    chosen = _named_files((pattern for pattern in patterns if not pattern.startswith("!")), files)
    refused = {*_named_files((pattern[1:] for pattern in patterns if pattern.startswith("!")), files)}
    return [path for path in chosen if path not in refused and (arguments or not _AVA_IGNORED.search(path))]


def _uvu_files(arguments: Sequence[str], ignored: Sequence[str], files: Files) -> list[str]:
    """Return the files that uvu would run below a folder, by its pattern, without those that match ``ignored``."""
    folder = arguments[0].removeprefix("./").strip("/.") if arguments else ""
    pattern = arguments[1] if len(arguments) > 1 else _UVU_IN_FOLDER if arguments else _UVU_ANYWHERE
    try:
        searched, *unwanted = (re.compile(text, re.IGNORECASE) for text in (pattern, *ignored))
    except re.error as error:
        raise ConfigError(f"uvu's pattern {pattern!r} can't be read here ({error}): use --test-command") from error
    below = f"{folder}/" if folder else ""
    inner = {path: path.removeprefix(below) for path in files if path.startswith(below)}
    chosen = [path for path, name in inner.items() if searched.search(name) and path.endswith(_SCRIPT_SUFFIXES)]
    return sorted(path for path in chosen if not any(each.search(inner[path]) for each in unwanted))


def _alternatives(pattern: str) -> list[str]:
    """Return the patterns that one with alternatives in braces stands for."""
    match = re.search(r"\{([^{}]*)\}", pattern)
    if match is None:
        return [pattern]
    wholes = (pattern[: match.start()] + choice + pattern[match.end() :] for choice in match[1].split(","))
    return [alternative for whole in wholes for alternative in _alternatives(whole)]
