"""A tiny policy that a real vLLM serves: ``CODEGYM_VLLM=…/bin/vllm pytest tests/policy/endpoint/test_vllm.py``.

vLLM takes a minute or more to start and is not among the development packages, so that this runs on request.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from codegym.env import CodeEnv
from codegym.policy.lookup import make_policy
from codegym.rollout.engine import rollout
from codegym.rollout.job import Job
from codegym.rollout.play import play
from codegym.suite import Suite

pytestmark = pytest.mark.train

VLLM = os.environ.get("CODEGYM_VLLM", "")
OPTIONS = ("--served-model-name", "mine", "--dtype", "float32", "--enforce-eager", "--api-key", "sk-1")
TOOLS = ("--enable-auto-tool-choice", "--tool-call-parser", "hermes")
START_SECONDS = 600.0


@pytest.fixture
def url(tiny: tuple[Any, Any], tmp_path: Path) -> Iterator[str]:
    """Serve a tiny model (vLLM wants heads of more than 16) with room for some turns; return the address."""
    if not VLLM:
        pytest.skip("set CODEGYM_VLLM to a vllm executable")
    from codegym.train.config import TinySection
    from codegym.train.model.tiny import make_model

    tokenizer = tiny[1]
    shape = TinySection(vocabulary=300, hidden_size=128, num_hidden_layers=2, intermediate_size=64)
    for part in (make_model(shape, tokenizer, context=1024, seed=0), tokenizer):
        part.save_pretrained(tmp_path / "policy")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [VLLM, "serve", "policy", *OPTIONS, *TOOLS, "--host", "127.0.0.1", "--port", str(port)]
    env = {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}
    log = tmp_path / "vllm.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            command, cwd=tmp_path, env=os.environ | env, stdout=out, stderr=out, start_new_session=True
        )
    try:
        _wait(server, f"http://127.0.0.1:{port}/health", log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _wait(server: subprocess.Popen[bytes], health: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()[-4000:]
        try:
            if httpx.get(health).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    pytest.fail(f"no vLLM in {START_SECONDS} s: {log.read_text()[-4000:]}")


@pytest.mark.timeout(START_SECONDS + 60)
def test_an_episode_until_the_context_is_full(url: str, mini: Suite, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-1\n")
    settings = {"kind": "endpoint", "base_url": url, "model": "mine", "api_key_file": tmp_path / "key"}
    policy = make_policy({**settings, "max_tokens": 16})
    jobs = [Job("words", 0, 1)]
    (episode,) = rollout(jobs, play, policy, lambda: CodeEnv(mini, dialect="line", max_turns=200), workers=1)
    policy.close()
    assert (episode.policy, episode.error, episode.stop) == ("mine", "", "context_limit")
    assert episode.usage["requests"] == len(episode.steps) > 1
    assert 0 < episode.usage["completion_tokens"] <= 16 * len(episode.steps)
