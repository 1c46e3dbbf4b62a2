"""A run's TOML: wrong keys and values are refused with what to write instead."""

import pytest

from codegym.errors import ConfigError
from codegym.train.config import load_config

GOOD = '[env]\nsuite = "kata"\n[policy]\nmodel = "m"\n'


def written(tmp_path, text):
    path = tmp_path / "run.toml"
    path.write_text(text)
    return path


def test_a_small_file_has_defaults(tmp_path):
    config = load_config(written(tmp_path, 'name = "n"\n' + GOOD))
    assert config.env.dialect == "line"
    assert config.warmup is None


def test_trl_keys_are_left_to_trl(tmp_path):
    config = load_config(written(tmp_path, 'name = "n"\n' + GOOD + "[trl]\nany_thing = 1\n"))
    assert config.trl == {"any_thing": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('nam = "n"\n' + GOOD, "name"),
        ('name = "n"\n' + GOOD + "[rollout]\nworker = 3\n", "'workers'"),
        ('name = "n"\n' + GOOD + "[policy.tiny]\nhidden = 3\n", "hidden_size"),
        ('name = "n"\n[env]\nsuite = 3\n[policy]\n', "env.suite"),
        ('name = "Mine!"\n' + GOOD, "name: String should match pattern"),
        ("name = ", "run.toml"),
        ('name = "n"\n[env]\nsuite = "kata"\n[policy]\n', r"policy: needs either model or \[policy.tiny\]"),
        ('name = "n"\n' + GOOD + "[policy.tiny]\n", "either model or"),
        ('name = "n"\n[env]\nsuite = "kata"\n[policy.tiny]\n', r"needs a \[warmup\]"),
        ('name = "n"\n[warmup]\n' + GOOD.replace("[policy]", 'dialect = "tagged"\n[policy]'), "line dialect"),
    ],
)
def test_what_is_wrong_is_named_with_the_nearest_match(tmp_path, text, said):
    with pytest.raises(ConfigError, match=said):
        load_config(written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nothing\.toml"):
        load_config(tmp_path / "nothing.toml")
