"""In which dialect a policy plays: some scripts know one only, and would act in vain in another."""

from __future__ import annotations

from codegym.errors import ConfigError
from codegym.policy.protocol import HasDialect, Policy

DEFAULT_DIALECT = "tagged"


def spoken_dialect(policy: Policy, choice: str = "") -> str:
    """Return the dialect to play in: ``choice``, otherwise the policy's only one, otherwise the default.

    Raises :class:`ConfigError` if the policy can't play in the dialect that was chosen.
    """
    only = policy.dialect if isinstance(policy, HasDialect) else ""
    if choice and only and choice != only:
        raise ConfigError(
            f"policy {policy.name!r} plays in the dialect {only!r} only, not in {choice!r}: choose {only!r}, "
            "or leave the dialect out"
        )
    return choice or only or DEFAULT_DIALECT
