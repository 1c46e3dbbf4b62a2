"""The one evaluation, on the fake sandbox: settings, questions, entries."""

from pathlib import Path

import pytest

from codegym.episode_file import read_episodes
from codegym.errors import ConfigError, ImageError
from codegym.evaluate.folder import new_folder, next_sample
from codegym.evaluate.measure import measure, publish_entry, question, standing_board
from codegym.evaluate.setting import open_setting, play_all, play_metrics
from codegym.suite import Suite

BOARD = question(standing_board("mini"), split="test", samples=2)


def test_a_board_without_changes_asks_its_own_question() -> None:
    kata = standing_board("kata")
    assert kata.name == "kata"
    assert question(kata) == kata == standing_board("", "kata")
    asked = question(kata, split="test", samples=1, tasks=3)
    assert (asked.split, asked.samples, asked.tasks, asked.ks) == ("test", 1, 3, (1,))
    with pytest.raises(ConfigError, match="ranks suite 'kata'"):
        standing_board("mini", "kata")
    with pytest.raises(ConfigError, match="which suite"):
        standing_board("")


def test_an_evaluation_is_resumed_and_its_entry_holds_all(mini: Suite, tmp_path: Path) -> None:
    reports: list[tuple[object, ...]] = []
    with open_setting(mini, "gold", sandbox="fake", workers=2, name="mine") as setting:
        stream = play_all(setting, ["total"], 2, tmp_path)
        first = next(stream)
        stream.close()
        entry = measure(setting, BOARD, tmp_path, lambda *report: reports.append(report))
        assert setting.make_env().suite is mini
    assert (entry.policy, entry.tasks, entry.samples_per_task) == ("mine", 1, 2)
    assert entry.scores["pass@1"].value == 1.0
    assert reports[0] == ("mini by mine", 0, 2)
    assert reports[-1] == ("mini by mine", 2, 2, "resolved 2 of 2")
    assert [episode.id for episode in read_episodes(tmp_path)].count(first.id) == 1
    assert publish_entry(entry, tmp_path, BOARD, BOARD, publish=True) == [tmp_path / "entries" / "mine.json"]


def test_a_folder_keeps_to_one_way_to_play(mini: Suite, tmp_path: Path) -> None:
    with open_setting(mini, "noop", sandbox="fake", workers=1) as setting:
        metrics = play_metrics(setting, ["clamp"], 1, tmp_path)
    assert (metrics.episodes, metrics.resolved) == (1, 0)
    with (
        open_setting(mini, "noop", sandbox="fake", max_turns=3) as setting,
        pytest.raises(ConfigError, match="max_turns 0, now 3"),
    ):
        play_metrics(setting, ["clamp"], 1, tmp_path)
    assert (next_sample(tmp_path, "clamp"), next_sample(tmp_path, "words"), next_sample(None, "x")) == (1, 0, 0)
    with pytest.raises(ConfigError, match="has episodes already"):
        new_folder(tmp_path, "run", "mini", "noop", resume=False)
    assert new_folder(tmp_path, "run", "mini", "noop", resume=True) == tmp_path


@pytest.mark.parametrize("policy", ["guess", "rules", "repair"])
def test_a_script_plays_in_the_dialect_that_it_speaks(mini: Suite, policy: str) -> None:
    with open_setting(mini, policy, sandbox="fake") as setting:
        assert setting.dialect == "line"
    with (
        pytest.raises(
            ConfigError, match=f"policy '{policy}' plays in the dialect 'line' only, not in 'shell': choose"
        ),
        open_setting(mini, policy, sandbox="fake", dialect="shell"),
    ):
        pass
    with open_setting(mini, "noop", sandbox="fake") as setting:
        assert setting.dialect == "tagged"


def test_episodes_are_replayed_in_their_own_dialect(mini: Suite, tmp_path: Path) -> None:
    with open_setting(mini, "gold", sandbox="fake", dialect="native") as setting:
        assert play_metrics(setting, ["total"], 1, tmp_path / "gold").resolved == 1
    with open_setting(mini, f"replay:{tmp_path / 'gold'}", sandbox="fake") as setting:
        assert setting.dialect == "native"
        assert play_metrics(setting, ["total"], 1, tmp_path / "again").resolved == 1
    with (
        pytest.raises(ConfigError, match="in the dialect 'native' only"),
        open_setting(mini, f"replay:{tmp_path / 'gold'}", sandbox="fake", dialect="line"),
    ):
        pass


def test_a_setting_needs_the_image_of_a_task(mini: Suite) -> None:
    tasks = {name: task.model_copy(update={"image": "nowhere"}) for name, task in mini.tasks.items()}
    other = Suite(mini.manifest, mini.root, tasks, mini.splits)
    with pytest.raises(ImageError, match="nowhere"), open_setting(other, "noop"):
        pass
