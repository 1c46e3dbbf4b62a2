"""``algorithm = "evaluate"``: measures the policy as it is, and leaves it as it is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from codegym.atomic import write_whole
from codegym.board.compare import find_entry, shared_tasks
from codegym.board.entry import Entry, slug, write_entry
from codegym.errors import ConfigError
from codegym.evaluate.attempts import chosen_tasks
from codegym.evaluate.measure import entry_of
from codegym.policy.local.policy import LocalPolicy
from codegym.train.algorithm.protocol import RunContext
from codegym.train.algorithm.settings import EvaluationSettings
from codegym.train.folder import link_policy
from codegym.train.model.load import load_policy, sampling


@dataclass(frozen=True)
class EvaluationPhase:
    """Plays the ``[eval]`` split and makes a board entry; see :class:`~codegym.train.algorithm.protocol.Phase`."""

    settings: EvaluationSettings
    context: RunContext

    def check(self) -> None:
        """Raise :class:`TaskError` for an unknown split, :class:`ConfigError` for what can't be compared with.

        Entries of the same name are refused as well: one would replace the other.
        """
        suite, tasks = self.context.suite, self._tasks()
        others = {str(path): find_entry(path) for path in self.context.config.eval.against}
        for other in others.values():
            shared_tasks(other, suite.name, suite.digest, tasks)
        self._check_names(others)

    def run(self, start: Path | None) -> Path:
        """Measure ``start``, unless that is done; return it."""
        if start is None:
            raise ConfigError(
                f"phase {self.settings.name!r} has no policy to measure: put a phase that makes one first"
            )
        context, name = self.context, self.settings.name
        link_policy(context.folder, name, start)
        file = context.phases[name].entry
        if not file.exists():
            write_whole(file, self._measure(start).model_dump_json(indent=1).encode())
        write_entry(context.folder, Entry.model_validate_json(file.read_bytes()))
        for path in context.config.eval.against:
            write_entry(context.folder, find_entry(path))
        return start

    def _check_names(self, others: Mapping[str, Entry]) -> None:
        """Raise :class:`ConfigError` if two entries of the run's board would be one file.

        These are its own evaluations' and ``others``, by the paths that ``[eval] against`` has.
        """
        config = self.context.config
        names = [
            (f"phase {one.name!r}", f"{config.name}-{one.name}")
            for one in config.phase
            if isinstance(one, EvaluationSettings)
        ]
        names += [(f"[eval] against {path!r}", entry.policy) for path, entry in others.items()]
        owners: dict[str, str] = {}
        for owner, name in names:
            if (first := owners.setdefault(slug(name), owner)) != owner:
                raise ConfigError(
                    f"{first} and {owner} both make entries/{slug(name)}.json: rename the phase or the run, or "
                    "evaluate the other policy again with another --name"
                )

    def _tasks(self) -> list[str]:
        config = self.context.config.eval
        return chosen_tasks(self.context.suite, config.split, config.tasks)

    def _measure(self, policy_path: Path) -> Entry:
        context, config, name = self.context, self.context.config, self.settings.name
        model, tokenizer = load_policy(config.policy, policy_path)
        policy = LocalPolicy(
            model.eval(), tokenizer, name=f"{config.name}-{name}", sampling=sampling(config.policy)
        )
        folder, samples = context.phases[name].episodes, config.eval.samples
        begun = time.monotonic()
        try:
            with context.display.phase(name, f"Evaluating ({name})") as bar:
                episodes = context.play(policy, self._tasks(), samples, folder, bar)
        finally:
            policy.close()
        return entry_of(
            episodes,
            context.suite,
            name=config.name,
            split=config.eval.split,
            samples=samples,
            seed=config.seed,
            seconds=round(time.monotonic() - begun, 1),
        )
