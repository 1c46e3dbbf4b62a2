"""A training run from its TOML: warm up, measure, GRPO, measure again. Every phase's end is on disk.

A run's folder holds ``config.toml``, ``versions.json``, ``policy-before/`` and ``policy-after/`` (models with
their tokenizers), ``checkpoints/``, ``episodes/<phase>/``, ``metrics.jsonl`` and, at the end, ``summary.json``
and the entries for boards. A run that was killed is resumed from what is there: finished phases are not
repeated, GRPO goes on from its last checkpoint, an evaluation from its last episode.
"""

from __future__ import annotations

import json
import platform
import random
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from transformers.trainer_utils import get_last_checkpoint
from transformers.utils.logging import disable_progress_bar

from codegym.board.entry import Entry, write_entry
from codegym.env import CodeEnv
from codegym.episode import Episode, is_graded, too_many_lost
from codegym.episode_file import read_episodes
from codegym.errors import ConfigError
from codegym.evaluate.attempts import attempts, chosen_tasks, entry_of, rate, summary, told_rate
from codegym.policy.local.policy import LocalPolicy, load_model
from codegym.policy.script.expert import Expert
from codegym.progress.display import Display, Phase
from codegym.rollout.log import EpisodeLog
from codegym.rollout.metrics import summarise
from codegym.suite import Suite, load_suite
from codegym.train.budget import Budget, Every
from codegym.train.config import RunConfig, WarmupSection, load_config
from codegym.train.corpus import Conversation, remembered, texts
from codegym.train.folder import claim, finished
from codegym.train.grpo import Rollouts, grpo_args, in_use, make_trainer, sampling
from codegym.train.tiny import make_model, make_tokenizer
from codegym.train.warmup import sft_args, warm_up

PACKAGES = ("codegym", "torch", "transformers", "trl", "gymnasium", "tokenizers")


def train(
    config_path: Path, folder: Path, *, resume: bool = False, display: Display | None = None
) -> dict[str, Any]:
    """Carry out a run and return its summary.

    Raises :class:`ConfigError` for a wrong file, where ``folder`` is there and ``resume`` is false, or where it
    holds a run of another file or on other tasks. What the file asks for is looked at before anything is written.
    """
    config = load_config(config_path)
    claim(config_path, folder, resume=resume)
    run = Run(config, folder, load_suite(config.env.suite), display or Display())
    if done := finished(folder, run.suite):
        return done
    run.check()
    disable_progress_bar()
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "config.toml", config_path.read_bytes())
    versions = {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}
    _write_json(folder / "versions.json", versions | {"suite_digest": run.suite.digest})
    return run.carry_out()


@dataclass
class Run:
    """One run under way."""

    config: RunConfig
    folder: Path
    suite: Suite
    display: Display
    metrics: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Raise :class:`ConfigError` or :class:`TaskError` now for what would else fail after minutes."""
        where, env = self.config.eval, self.config.env
        for split in (env.split, where.split, *([where.val_split] if where.every else [])):
            self.suite.split(split)
        _dtype(self.config.policy.dtype)
        _check_device(self.config.policy.device)
        grpo_args(self.config, self.folder)
        sft_args(self.config, self.folder)
        self.make_env().close()

    def carry_out(self) -> dict[str, Any]:
        """Do whatever is not done yet, and write and return the summary."""
        start = time.monotonic()
        before = self.policy_before()
        first = self.measure(before, "before")
        after = self.optimise(before)
        second = self.measure(after, "after")
        seconds = self.display.seconds | {"all": round(time.monotonic() - start, 1)}
        found = summary(first, second) | {"seconds": seconds, "metrics": self.metrics | self._played()}
        _write_json(self.folder / "summary.json", found)
        return found

    def _played(self) -> dict[str, Any]:
        """Return the sums over each phase's episodes: outcomes, failures, how much came from the cache."""
        folders = {phase: self.folder / "episodes" / phase for phase in ("expert", "before", "train", "after")}
        return {
            phase: summarise(read_episodes(folder)).scored().model_dump(mode="json")
            for phase, folder in folders.items()
            if folder.is_dir()
        }

    def make_env(self) -> CodeEnv:
        """Open an env as ``[env]`` and ``[reward]`` say."""
        env = self.config.env
        return CodeEnv(
            self.suite,
            sandbox=env.sandbox,
            dialect=env.dialect,
            reward=self.config.reward,
            cache=env.cache,
            limits=env.limits,
            max_turns=env.max_turns,
        )

    def policy_before(self) -> Path:
        """Return the folder or hub name of the policy that GRPO starts from, warmed up if the run says so."""
        if self.config.policy.model and not self.config.warmup:
            return Path(self.config.policy.model)
        target = self.folder / "policy-before"
        if not target.exists():
            model, tokenizer, conversations = self._fresh()
            with self.display.phase("warmup", "Warming up (supervised)") as phase:
                self.metrics["warmup"] = warm_up(
                    model,
                    tokenizer,
                    conversations,
                    config=self.config,
                    folder=self.folder / "warmup",
                    told=_sft_told(phase),
                )
            self._save(model, tokenizer, target)
        return target

    def measure(self, policy_path: Path, phase_name: str) -> Entry:
        """Evaluate a policy on the evaluation split and write its entry."""
        where = self.config.eval
        tasks = chosen_tasks(self.suite, where.split, where.tasks)
        policy = self._policy(policy_path, f"{self.config.name}-{phase_name}")
        start = time.monotonic()
        try:
            title = f"Evaluating {phase_name} GRPO"
            episodes = self._attempts(policy, tasks, where.samples, phase_name, title)
        finally:
            policy.close()
        today = datetime.now(UTC).date().isoformat()
        seconds = round(time.monotonic() - start, 1)
        entry = entry_of(
            episodes,
            self.suite,
            name=self.config.name,
            split=where.split,
            samples=where.samples,
            seed=self.config.train.seed,
            seconds=seconds,
            created=today,
        )
        write_entry(self.folder, entry)
        return entry

    def optimise(self, start: Path) -> Path:
        """Run GRPO from ``start`` and return the folder of the policy it ends with."""
        target = self.folder / "policy-after"
        if target.exists():
            return target
        model, tokenizer = self._load(start)
        tasks = self._curriculum()
        log = EpisodeLog(self.folder / "episodes" / "train")
        try:
            with self.display.phase("grpo", "Training with GRPO") as phase:
                rollouts = Rollouts(self.config, self.make_env, log)
                checkpoints = self.folder / "checkpoints"
                callbacks = [
                    Budget(self.config.train.budget_seconds, _grpo_told(phase, rollouts)),
                    Every(self.config.eval.every, lambda step: self._validate(model, tokenizer, step)),
                ]
                trainer = make_trainer(
                    model, tokenizer, tasks, rollouts=rollouts, folder=checkpoints, callbacks=callbacks
                )
                last = get_last_checkpoint(str(checkpoints)) if checkpoints.is_dir() else None
                trainer.train(resume_from_checkpoint=last)
        finally:
            log.close()
        self._record(trainer.state.log_history)
        self._save(model, tokenizer, target)
        return target

    def _curriculum(self) -> list[str]:
        """Return the tasks that GRPO plays: with ``[train] curriculum``, those that the expert solved."""
        every = [task.id for task in self.suite.split(self.config.env.split)]
        played = self.folder / "episodes" / "expert"
        if not self.config.train.curriculum or not played.is_dir():
            return every
        solved = {episode.task for episode in read_episodes(played) if (episode.reward or 0) > 0}
        return [task for task in every if task in solved] or every

    def _validate(self, model: Any, tokenizer: Any, step: int) -> None:
        """Measure the policy as it is now on the validation split, into ``metrics.jsonl``."""
        where = self.config.eval
        tasks = chosen_tasks(self.suite, where.val_split, where.val_tasks)
        folder = self.folder / "episodes" / f"val-{step}"
        shutil.rmtree(folder, ignore_errors=True)  # of a policy that was lost with the checkpoints after it
        with in_use(model, tokenizer, self.config, version=step) as policy:
            seen = self._play(policy, tasks, where.val_samples, folder)
        lost = sum(not is_graded(episode) for episode in seen)
        score = None if too_many_lost(lost, len(seen)) else rate(seen)
        self._record([{"step": step, "val/pass@1": score, "val/tasks": len(tasks), "val/lost": lost}])

    def _fresh(self) -> tuple[Any, Any, list[Conversation]]:
        """Return a model to warm up, its tokenizer, and what it is to read."""
        conversations = self._corpus()
        policy = self.config.policy
        if policy.tiny is None:
            return (*self._load(Path(policy.model)), conversations)
        tokenizer = make_tokenizer(texts(conversations[:8000]), policy.tiny.vocabulary)
        model = make_model(policy.tiny, tokenizer, context=policy.context_tokens, seed=self.config.train.seed)
        return model.to(policy.device, _dtype(policy.dtype)), tokenizer, conversations

    def _corpus(self) -> list[Conversation]:
        warmup, seed = self.config.warmup or WarmupSection(), self.config.train.seed
        choose = random.Random(seed)  # noqa: S311 - not for secrets
        tasks = [task.id for task in self.suite.split(self.config.env.split)]
        played = choose.sample(tasks, min(warmup.tasks, len(tasks)))
        episodes = self._attempts(Expert(), played, warmup.samples, "expert", "Playing the scripted expert")
        conversations = [remembered(episode) for episode in episodes if episode.steps]
        choose.shuffle(conversations)
        return conversations

    def _attempts(
        self, policy: Any, tasks: Sequence[str], samples: int, phase_name: str, title: str
    ) -> list[Episode]:
        seen: list[Episode] = []
        with self.display.phase(phase_name, title) as phase:

            def show(episode: Episode) -> None:
                seen.append(episode)
                phase.update(len(seen) / (len(tasks) * samples), told_rate(seen))

            return self._play(policy, tasks, samples, self.folder / "episodes" / phase_name, show)

    def _play(
        self,
        policy: Any,
        tasks: Sequence[str],
        samples: int,
        folder: Path,
        told: Callable[[Episode], None] | None = None,
    ) -> list[Episode]:
        return attempts(
            policy,
            tasks,
            samples,
            seed=self.config.train.seed,
            workers=self.config.rollout.workers,
            retries=self.config.rollout.retries,
            make_env=self.make_env,
            folder=folder,
            told=told,
        )

    def _policy(self, path: Path, name: str) -> LocalPolicy:
        model, tokenizer = self._load(path)
        return LocalPolicy(model.eval(), tokenizer, name=name, sampling=sampling(self.config))

    def _load(self, path: Path) -> tuple[Any, Any]:
        """Load a model and its tokenizer. Raises :class:`PolicyError`, :class:`ConfigError`."""
        policy = self.config.policy
        return load_model(str(path), dtype=_dtype(policy.dtype), device=policy.device)

    def _save(self, model: Any, tokenizer: Any, target: Path) -> None:
        draft = target.with_name(f".{target.name}")
        model.save_pretrained(draft)
        tokenizer.save_pretrained(draft)
        draft.rename(target)

    def _record(self, history: Sequence[dict[str, Any]]) -> None:
        with (self.folder / "metrics.jsonl").open("a") as file:
            file.writelines(json.dumps(entry) + "\n" for entry in history)


def _sft_told(phase: Phase) -> Callable[[float, Any], None]:
    def told_step(share: float, state: Any) -> None:
        loss = next((e["loss"] for e in reversed(state.log_history) if "loss" in e), None)
        phase.update(share, f"step {state.global_step}, loss {float(loss):.2f}" if loss is not None else "")

    return told_step


def _grpo_told(phase: Phase, rollouts: Rollouts) -> Callable[[float, Any], None]:
    def told_step(share: float, state: Any) -> None:
        done = max(share, state.global_step / state.max_steps if state.max_steps > 0 else 0.0)
        phase.update(done, f"step {state.global_step}, {told_rate(rollouts.last)}")

    return told_step


def _dtype(name: str) -> torch.dtype:
    found = getattr(torch, name, None)
    if not isinstance(found, torch.dtype):
        raise ConfigError(f"[policy] dtype {name!r} is no torch dtype: float32 or bfloat16")
    return found


def _check_device(name: str) -> None:
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:  # an assertion where torch was built without CUDA
        why, _, _ = str(error).partition("\n")
        raise ConfigError(f"[policy] device {name!r}: {why}") from error


def _write_json(path: Path, value: Any) -> None:
    _write(path, f"{json.dumps(value, indent=2)}\n".encode())


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, so that a run that is killed can go on from it."""
    draft = path.with_name(f".{path.name}")
    draft.write_bytes(content)
    draft.replace(path)
