"""CodeEnv as Gymnasium's users meet it, on the tiny suite of ``tests/data``."""

import pickle
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from gymnasium.error import ResetNeeded
from gymnasium.wrappers import RecordEpisodeStatistics, TimeLimit

from codegym.env import OBSERVATION_CHARS, CodeEnv
from codegym.episode import Ending, Episode, Outcome, Step, StopReason
from codegym.errors import ConfigError, SandboxError, TaskError
from codegym.harness.cache import ResultCache
from codegym.patch import patch_paths
from codegym.reward import RewardSpec
from codegym.suite import Suite
from codegym.tool.call import Call

FIX = '<tool name="replace_in_line"><path>src/clamp.py</path><line>5</line><old>value</old><new>high</new></tool>'
TEST = '<tool name="test"></tool>'
SUBMIT = '<tool name="submit"></tool>'

Maker = Callable[..., CodeEnv]


@pytest.fixture
def make(mini: Suite) -> Iterator[Maker]:
    made: list[CodeEnv] = []

    def make_one(**options: Any) -> CodeEnv:
        made.append(CodeEnv(mini, **({"sandbox": "bwrap", "cache": None} | options)))
        return made[-1]

    yield make_one
    for env in made:
        env.close()


def play(env: CodeEnv, *actions: str, task: str = "clamp") -> list[tuple[str, float, bool, bool, dict[str, Any]]]:
    env.reset(seed=0, options={"task": task})
    return [env.step(action) for action in actions]


def test_a_fix_is_rewarded(make: Maker) -> None:
    env = make()
    observation, info = env.reset(options={"task": "clamp"})
    assert observation.startswith("`clamp` lets values through")
    assert (info["task"], info["env_id"], info["turns"]) == ("clamp", "codegym/mini-v3", 40)
    assert info["task_digest"] == env.task.digest
    assert '<tool name="view">' in info["system"]
    assert [tool["function"]["name"] for tool in info["tools"]][:2] == ["view", "list"]
    first, *_, last = [env.step(action) for action in (TEST, FIX, TEST, SUBMIT)]
    assert "assert 9 == 5" in first[0]
    assert first[1:4] == (0.0, False, False)
    assert last[1:4] == (1.0, True, False)
    assert last[4]["ending"].stop == StopReason.SUBMITTED
    assert last[4]["ending"].verdict.outcome is Outcome.RESOLVED
    assert last[4]["ending"].components["steps"] == 4
    assert "+        return high" in last[4]["ending"].patch


def test_the_ending_is_frozen_and_its_steps_are_the_env_s(make: Maker) -> None:
    env = make(sandbox="fake")
    env.reset(options={"task": "total"})
    assert "ending" not in env.step("no call")[4]
    taken = env.steps
    ending = env.step(SUBMIT)[4]["ending"]
    assert isinstance(ending, Ending)
    assert ending.steps[:1] == taken
    assert ending.steps[0] is taken[0]
    assert (ending.components["steps"], ending.components["malformed"]) == (2.0, 0.5)
    assert set(ending.seconds) == {"reset", "tools", "grade"}
    with pytest.raises(FrozenInstanceError):
        ending.patch = ""
    assert pickle.loads(pickle.dumps(ending)) == ending  # noqa: S301 - a vector env sends it to its caller


def test_wrappers_pass_the_ending_on(make: Maker) -> None:
    env = RecordEpisodeStatistics(TimeLimit(make(sandbox="fake"), 5))
    env.reset(options={"task": "total"})
    info = env.step(SUBMIT)[4]
    assert (info["ending"].stop, info["episode"]["l"]) == (StopReason.SUBMITTED, 1)


def test_the_seconds_of_a_command_are_what_is_left(make: Maker) -> None:
    env = make(sandbox="fake", limits={"command_seconds": 9.0, "episode_seconds": 4.0})
    env.reset(options={"task": "total"})
    bench = env._play.bench  # type: ignore[union-attr]
    env.step('<tool name="shell"><command>true</command></tool>')
    (command,) = [limit for limit in env._play.ledger.entries() if limit.name == "command"]  # type: ignore[union-attr]
    assert command.limit is not None
    assert 3.0 < command.limit <= 4.0
    assert bench.seconds == 60.0


def test_submitting_at_once_earns_nothing(make: Maker) -> None:
    ((_, reward, terminated, _, info),) = play(make(), SUBMIT)
    assert (reward, terminated) == (0.0, True)
    assert info["ending"].patch == ""
    assert info["ending"].verdict.outcome is Outcome.UNRESOLVED


def test_same_seed_and_actions_give_the_same_observations(make: Maker) -> None:
    actions = (
        TEST,
        '<tool name="list"/>',
        '<tool name="shell"><command>ls; false</command></tool>',
        FIX,
        "huh?",
        TEST,
    )
    runs = [[step[:4] for step in play(make(), *actions)] for _ in range(2)]
    assert runs[0] == runs[1]


def test_tasks_are_drawn_from_the_split_by_the_seed(make: Maker) -> None:
    def drawn(env: CodeEnv) -> list[str]:
        return [env.reset(seed=7 if i == 0 else None)[1]["task"] for i in range(8)]

    assert drawn(make(split="train")) == drawn(make(split="train"))
    assert set(drawn(make(split="train"))) == {"clamp", "words"}
    assert set(drawn(make(task="total"))) == {"total"}


def test_turns_run_out(make: Maker) -> None:
    steps = play(make(), *["nothing"] * 6, task="words")
    assert [step[2:4] for step in steps] == [(False, False)] * 5 + [(False, True)]
    assert steps[-1][4]["ending"].stop == StopReason.TURN_LIMIT
    assert steps[-1][4]["ending"].components["malformed"] == 1.0
    assert play(make(max_turns=1), FIX)[0][4]["ending"].stop == StopReason.TURN_LIMIT


def test_time_runs_out_in_the_middle_of_a_command(make: Maker) -> None:
    env = make(limits={"episode_seconds": 1.0})
    ((observation, reward, _, truncated, info),) = play(
        env, '<tool name="shell"><command>sleep 30</command></tool>'
    )
    assert "took too long" in observation
    assert (reward, truncated, info["ending"].stop) == (0.0, True, StopReason.TIME_LIMIT)


def test_a_full_context_ends_the_episode_with_a_verdict(make: Maker) -> None:
    env = make()
    play(env, FIX)
    _, reward, terminated, truncated, info = env.truncate(StopReason.CONTEXT_LIMIT)
    assert (reward, terminated, truncated) == (1.0, False, True)
    assert info["ending"].stop == StopReason.CONTEXT_LIMIT


def test_reward_is_weighed_as_asked(make: Maker) -> None:
    env = make(reward={"resolved": 1.0, "steps": -0.1})
    assert play(env, FIX, SUBMIT)[-1][1] == pytest.approx(0.8)
    assert play(make(reward=RewardSpec(weights={"patched": 2})), FIX, SUBMIT)[-1][1] == 2.0


def test_line_dialect_is_brief(make: Maker) -> None:
    env = make(dialect="line")
    observation, info = env.reset(options={"task": "clamp"})
    assert observation.startswith("FAILED tests/test_clamp.py::test_high: assert 9 == 5\n")
    assert len(info["system"]) < 250
    assert env.step("t")[0].splitlines()[0] == "1 passed, 1 failed"
    assert env.step("what")[0] == "expected s f r w a v l g x c t d u q"
    assert env.step("q")[2]


def test_every_dialect_can_solve_a_task_by_its_own_means(make: Maker) -> None:
    shell = Call("shell", {"command": "sed -i '5s/value/high/' src/clamp.py"})
    for dialect in ("native", "tagged", "shell", "line"):
        env = make(dialect=dialect)
        actions = [env.dialect.format(call) for call in (shell, Call("submit"))]
        assert play(env, *actions)[-1][1] == 1.0, dialect


def test_observations_stay_inside_their_space(make: Maker) -> None:
    env = make()
    noise = "head -c 300000 /dev/urandom; yes '\\033[31mlong' | head -c 300000"
    for observation, *_ in play(env, f'<tool name="shell"><command>{noise}</command></tool>', "x" * 70_000, "\0"):
        assert observation in env.observation_space
        assert len(observation) <= OBSERVATION_CHARS


LONG = "n" * 250
SPOILED = [
    f"for i in $(seq 20); do mkdir {LONG} && cd {LONG} || exit; done; echo x > {LONG}",
    "for i in $(seq 300); do mkdir d && cd d; done; echo x > file",
    f"mkdir {LONG}; cd {LONG}; for i in $(seq 14); do mkdir {LONG}; cd {LONG}; done; echo x > y",
    """python3 -c 'import os; open(b"caf\\351", "w"); open("a\\nb", "w"); os.symlink(b"\\xff", "l")'""",
    "printf 'caf\\351\\n' > latin.txt; printf 'a\\r\\0b' > nul",
    "mkfifo pipe; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"sock\")'; ln -s loop loop",
    "ln -s /dev/zero zero; ln -s /proc/self/mem mem; ln -s . here; ln src/clamp.py hard",
    "chmod 000 src/clamp.py src tests .",
    "seq -f 'd%g.py' 3000 | xargs touch",
    "truncate -s 300G sparse; truncate -s 100M sparse2",
    "rm -r src; echo x > src",
    "rm -r src; ln -s /etc src",
    "rm src/clamp.py; mkdir -p src/clamp.py/x; echo x > src/clamp.py/x/y",
    "rm -r tests; echo x > tests; mkdir -p .git/objects; echo x > .git/HEAD",
    "rm -rf .* * 2>/dev/null",
]
LOOKS = [
    '<tool name="diff"></tool>',
    '<tool name="compile"></tool>',
    '<tool name="list"></tool>',
    '<tool name="search"><pattern>x</pattern></tool>',
    '<tool name="view"><path>zero</path></tool>',
    '<tool name="view"><path>pipe</path></tool>',
    '<tool name="view"><path>src/clamp.py</path></tool>',
    '<tool name="replace"><path>loop</path><old>x</old><new>y</new></tool>',
    '<tool name="create"><path>src</path><text>y</text></tool>',
    "\ud83d",
    TEST,
]


@pytest.mark.parametrize("command", SPOILED)
def test_no_workspace_keeps_an_episode_from_its_verdict(make: Maker, command: str) -> None:
    env = make(limits={"command_seconds": 20})
    steps = play(env, f'<tool name="shell"><command>{command}</command></tool>', *LOOKS, SUBMIT)
    verdict = steps[-1][4]["ending"].verdict
    assert verdict.outcome in (Outcome.UNRESOLVED, Outcome.INVALID_PATCH)
    said = [Step(action=action, tool="x", observation=step[0]) for action, step in zip(LOOKS, steps, strict=False)]
    episode = Episode(
        id="1", suite="mini", task="clamp", task_digest="x", policy="p", seed=0, stop=StopReason.SUBMITTED,
        patch=steps[-1][4]["ending"].patch, verdict=verdict, steps=tuple(said), instruction="caf\udce9",
    )  # fmt: skip
    line = episode.json_line()
    line.encode()
    assert "\n" not in line
    assert Episode.from_json_line(line) == episode


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        (
            "mv src x; mkdir -p src/a src/b; rmdir src/a src/b src; mv x/clamp.py src; rmdir x",
            {"src/clamp.py", "src"},
        ),
        ("rm -r src; ln -s lib src; mkdir lib; echo x > lib/clamp.py", {"src/clamp.py", "src", "lib/clamp.py"}),
        ("mv src/clamp.py x; mkdir src/clamp.py; mv x src/clamp.py/x", {"src/clamp.py", "src/clamp.py/x"}),
        ("rm -r tests; echo x > tests; echo y > README", {"README"}),
        (
            "rm -r tests/test_clamp.py; mkdir tests/test_clamp.py; echo x > tests/test_clamp.py/x; echo y > y",
            {"y"},
        ),
    ],
)
def test_a_patch_of_what_took_another_s_place_applies(make: Maker, command: str, wanted: set[str]) -> None:
    env = make()
    last = play(env, f'<tool name="shell"><command>{command}</command></tool>', SUBMIT)[-1][4]
    assert set(patch_paths(last["ending"].patch)) == wanted
    assert last["ending"].verdict.outcome is Outcome.UNRESOLVED


def test_tools_can_be_narrowed(make: Maker) -> None:
    env = make(tools=["view", "submit"])
    _, info = env.reset(options={"task": "clamp"})
    assert [tool["function"]["name"] for tool in info["tools"]] == ["view", "submit"]
    observation, _, _, _, step = env.step(TEST)
    assert "unknown tool 'test'" in observation
    assert step["tool"] is None


def test_step_needs_an_open_episode(make: Maker) -> None:
    env = make()
    with pytest.raises(ResetNeeded):
        env.step(SUBMIT)
    play(env, SUBMIT)
    with pytest.raises(ResetNeeded):
        env.step(SUBMIT)


def test_close_and_reset_free_the_box(make: Maker) -> None:
    env = make()
    boxes = []
    for task in ("clamp", "words"):
        env.reset(options={"task": task})
        assert env.task.id == task
        boxes.append(env._play.bench.box)  # type: ignore[union-attr]
    env.close()
    env.close()
    for box in boxes:
        with pytest.raises(SandboxError):
            box.exec(["true"])
    assert env.reset(options={"task": "clamp"})[1]["task"] == "clamp"


def test_results_are_kept_by_digest(make: Maker, tmp_path: Any) -> None:
    cache = ResultCache(tmp_path)
    runs = [play(make(cache=cache), TEST, FIX, SUBMIT) for _ in range(2)]
    assert [run[0][4]["cached"] for run in runs] == [False, True]
    assert [run[2][4]["ending"].verdict.cached for run in runs] == [False, True]
    assert [step[:4] for step in runs[0]] == [step[:4] for step in runs[1]]


@pytest.mark.parametrize(
    ("options", "error", "hint"),
    [
        ({"split": "trian"}, TaskError, "Did you mean 'train'"),
        ({"task": "clmp"}, TaskError, "Did you mean 'clamp'"),
        ({"split": "train", "task": "total"}, TaskError, "unknown task of suite mini, split train"),
        ({"dialect": "taged"}, ConfigError, "Did you mean 'tagged'"),
        ({"sandbox": "bwarp"}, ConfigError, "Did you mean 'bwrap'"),
        ({"tools": ["veiw"]}, ConfigError, "Did you mean 'view'"),
        ({"reward": {"resolvd": 1.0}}, ConfigError, "Did you mean 'resolved'"),
        ({"limits": {"turn": 3}}, ConfigError, "Did you mean 'turns'"),
        ({"limits": {"turns": 0}}, ConfigError, "greater than or equal to 1"),
        ({"render_mode": "humna"}, ConfigError, "Did you mean 'human'"),
    ],
)
def test_wrong_options_get_the_nearest_match(
    make: Maker, options: dict[str, Any], error: type[Exception], hint: str
) -> None:
    with pytest.raises(error, match=hint):
        make(**options)


def test_wrong_reset_options_get_the_nearest_match(make: Maker) -> None:
    env = make(split="train")
    with pytest.raises(ConfigError, match="Did you mean 'task'"):
        env.reset(options={"tsk": "clamp"})
    with pytest.raises(TaskError, match="unknown task of suite mini, split train, 'total'"):
        env.reset(options={"task": "total"})


def test_unknown_suite_gets_the_nearest_match(mini: Suite) -> None:
    with pytest.raises(TaskError, match="Did you mean 'mini'"):
        CodeEnv("minni")


def test_render_shows_the_last_exchange(make: Maker, capsys: pytest.CaptureFixture[str]) -> None:
    env = make(render_mode="ansi")
    play(env, "hello")
    assert str(env.render()).startswith("> hello\nThere is no call")
    play(make(render_mode="human"), "hello")
    assert "> hello" in capsys.readouterr().out
