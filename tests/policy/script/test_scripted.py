"""Scripts without an env: what they say, and that gold's commands do what the patch says."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegym.episode import Episode, Step, StopReason
from codegym.errors import ConfigError, PolicyError
from codegym.patch import make_patch
from codegym.patch.read import parse_patch
from codegym.policy.lookup import make_policy
from codegym.policy.protocol import Conversation, Opening
from codegym.policy.script.chance import chance
from codegym.policy.script.gold import edits, gold
from codegym.policy.script.script import fixed, noop, replay
from codegym.rollout.log import EpisodeLog
from codegym.sandbox.protocol import File
from codegym.tool.call import Call
from codegym.tool.dialect import DIALECTS, dialect

Openings = Callable[..., Opening]

BEFORE = "".join(f"line {i}\n" for i in range(30))
AFTER = BEFORE.replace("line 3\n", "").replace("line 20\n", "line 'twenty' $HOME\n\n")
PATCH = make_patch(
    {"a dir/a.txt": File(BEFORE.encode()), "gone.txt": File(b"x\n"), "mode.sh": File(b"true\n")},
    {
        "a dir/a.txt": File(AFTER.encode()),
        "gone.txt": None,
        "mode.sh": File(b"true\n", executable=True),
        "new/dir/b.txt": File(b"no end of line"),
        "new/c.sh": File(b"#!/bin/sh\nEND\n", executable=True),
        "new/data.bin": File(bytes(range(256))),
        "new/empty.txt": File(b""),
        "new/link": File(b"", link="c.sh"),
    },
)


def play_shell(patch: str, folder: Path, pick: int) -> None:
    """Do what gold's shell commands do, the first (readable) or the last (one line) of each edit's."""
    for section in parse_patch(patch):
        for alternatives in edits(section):
            commands = [str(call.arguments["command"]) for call in alternatives if call.tool == "shell"]
            subprocess.run(["/bin/sh", "-ec", commands[pick]], cwd=folder, check=True)


@pytest.mark.parametrize("pick", [0, -1])
def test_gold_commands_do_what_the_patch_says(tmp_path: Path, pick: int) -> None:
    (tmp_path / "a dir").mkdir()
    (tmp_path / "a dir" / "a.txt").write_text(BEFORE)
    (tmp_path / "gone.txt").write_text("x\n")
    (tmp_path / "mode.sh").write_text("true\n")
    play_shell(PATCH, tmp_path, pick)
    assert (tmp_path / "a dir" / "a.txt").read_text() == AFTER
    assert not (tmp_path / "gone.txt").exists()
    assert (tmp_path / "mode.sh").stat().st_mode & 0o111
    assert (tmp_path / "new" / "dir" / "b.txt").read_text() == "no end of line"
    assert (tmp_path / "new" / "c.sh").read_text() == "#!/bin/sh\nEND\n"
    assert (tmp_path / "new" / "data.bin").read_bytes() == bytes(range(256))
    assert (tmp_path / "new" / "empty.txt").read_bytes() == b""
    assert (tmp_path / "new" / "link").readlink() == Path("c.sh")
    assert sorted(path.name for path in (tmp_path / "a dir").iterdir()) == ["a.txt"]


LINES = st.lists(st.sampled_from(["a", "b", "END", "  $x `y`", "'q'", "\\n", ""]), max_size=12)
TEXT = st.tuples(LINES, st.booleans()).map(lambda t: "\n".join(t[0]) + ("\n" if t[1] else ""))


@settings(max_examples=40, deadline=None)
@given(before=TEXT, after=TEXT)
def test_gold_commands_are_exact(tmp_path_factory: pytest.TempPathFactory, before: str, after: str) -> None:
    patch = make_patch({"f": File(before.encode())}, {"f": File(after.encode())})
    for pick in (0, -1):
        folder = tmp_path_factory.mktemp("gold")
        (folder / "f").write_text(before)
        play_shell(patch, folder, pick)
        assert (folder / "f").read_text() == after


def said(conversation: Conversation, speech: str, observations: list[str]) -> list[object]:
    replies = [conversation.reply(observation).text for observation in [None, *observations]]
    return [dialect(speech).parse(reply) for reply in replies]


def test_gold_replaces_where_it_can(opening: Openings) -> None:
    patch = make_patch({"a.py": File(b"x = 1\ny = 2\n")}, {"a.py": File(b"x = 1\ny = 3\n")})
    calls = said(gold().begin(opening(patch, "tagged")), "tagged", ["Edited a.py:", ""])
    assert calls == [
        Call("replace", {"path": "a.py", "old": "x = 1\ny = 2\n", "new": "x = 1\ny = 3\n"}),
        Call("submit"),
        Call("submit"),
    ]


@pytest.mark.parametrize("speech", sorted(DIALECTS))
def test_gold_finds_words_in_every_dialect(opening: Openings, speech: str) -> None:
    conversation = gold().begin(opening(PATCH, speech))
    calls = said(conversation, speech, ["The text stands 2 times in a.txt"] * 20)
    assert all(isinstance(call, Call) for call in calls)
    assert calls[-1] == Call("submit")
    assert conversation.usage() == {"requests": 21}


def test_gold_says_what_it_lacks(opening: Openings) -> None:
    full = opening(PATCH, "native")
    bare = Opening(full.task, "", "", 0, [t for t in full.tools if "submit" in str(t)], "native")
    with pytest.raises(PolicyError, match="offer `shell`"):
        gold().begin(bare).reply(None)


@pytest.mark.parametrize("speech", sorted(DIALECTS))
def test_random_is_decided_by_the_seed(opening: Openings, speech: str) -> None:
    shown = ["src/a.py  lib/b.c", *["1  x = a < b\n2*     return x + 1"] * 20]

    def calls(seed: int) -> list[object]:
        return said(chance().begin(opening(speech=speech, seed=seed)), speech, shown)

    assert calls(1) == calls(1) != calls(2)
    assert all(isinstance(call, Call) for call in calls(1))
    assert calls(1)[-1] == Call("submit")


def test_noop_submits_and_fixed_says_its_lines(opening: Openings) -> None:
    assert said(noop().begin(opening()), "native", []) == [Call("submit")]
    policy = fixed([Call("view", {"path": "a"}), "gibberish"], "two")
    replies = policy.begin(opening())
    assert [dialect("native").parse(replies.reply(None).text), replies.reply("").text] == [
        Call("view", {"path": "a"}),
        "gibberish",
    ]


def recorded(task: str, seed: int, *actions: str) -> Episode:
    return Episode(
        id=f"{task}{seed}",
        suite="s",
        task=task,
        task_digest="",
        policy="p",
        seed=seed,
        stop=StopReason.SUBMITTED,
        steps=tuple(Step(action=action, tool=None, observation="") for action in actions),
    )


def test_replay_repeats_the_episode_with_the_same_seed(opening: Openings, tmp_path: Path) -> None:
    with EpisodeLog(tmp_path) as log:
        log.append(recorded("t", 1, "first"))
        log.append(recorded("t", 3, "third", "more"))
    policy = make_policy(f"replay:{tmp_path}")
    conversation = policy.begin(opening(seed=3))
    assert [conversation.reply(o).text for o in (None, "x")] == ["third", "more"]
    assert policy.begin(opening(seed=99)).reply(None).text == "first"
    with pytest.raises(PolicyError, match="no episode of it"):
        replay([]).begin(opening()).reply(None)


def test_replay_keeps_to_the_dialect_of_an_episode(opening: Openings) -> None:
    tagged, line = (
        recorded(task, 0, "s").model_copy(update={"versions": {"dialect": speech}})
        for task, speech in (("t", "tagged"), ("other", "line"))
    )
    assert (replay([tagged]).dialect, replay([tagged, line]).dialect) == ("tagged", "")
    with pytest.raises(ConfigError, match="in the dialect 'tagged' only, not in 'line'"):
        replay([tagged]).begin(opening(speech="line"))
    with pytest.raises(PolicyError, match="in the dialect 'line': it was played in 'tagged'"):
        replay([tagged, line]).begin(opening(speech="line")).reply(None)


@pytest.mark.parametrize("spec", ["gold", "noop", "random", {"kind": "random", "turns": 3}])
def test_lookup_by_name(spec: str | dict[str, object]) -> None:
    name = spec if isinstance(spec, str) else spec["kind"]
    assert make_policy(spec).name == name


def test_lookup_of_an_endpoint(tmp_path: Path) -> None:
    (tmp_path / "gpt.toml").write_text('base_url = "http://localhost:1/v1"\nmodel = "m"\nname = "short"\n')
    policy = make_policy(f"endpoint:{tmp_path / 'gpt.toml'}")
    assert policy.name == "short"
    policy.close()


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("gald", "Did you mean 'gold'"),
        ("replay", "needs 'path': write replay:PATH"),
        ("gold:x", "unknown setting of policy gold 'path'"),
        ({"kind": "random", "turn": 3}, "Did you mean 'turns'"),
        ({"kind": "endpoint", "modle": "m"}, "Did you mean 'model'"),
        ("endpoint:nowhere.toml", "nowhere.toml"),
        ("replay:nowhere", "no episodes at 'nowhere'"),
        ({}, "unknown policy ''"),
    ],
)
def test_lookup_names_what_is_wrong(spec: str | dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        make_policy(spec)
