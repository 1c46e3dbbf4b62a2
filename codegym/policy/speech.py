"""In which dialect a policy plays: some scripts know one only, and would act in vain in another."""

from __future__ import annotations

from codegym.errors import ConfigError
from codegym.policy.protocol import HasDialect, Policy

DEFAULT_DIALECT = "tagged"


def spoken_dialect(policy: Policy, asked: str = "") -> str:
    """Return the dialect to play in: ``asked``, otherwise the policy's only one, otherwise the default.

    Raises :class:`ConfigError` if the policy can't play in the dialect that was asked for.
    """
    only = policy.dialect if isinstance(policy, HasDialect) else ""
    if asked and only and asked != only:
        raise ConfigError(
            f"policy {policy.name!r} plays in the dialect {only!r} only, not in {asked!r}: choose {only!r}, "
            "or leave the dialect out"
        )
    return asked or only or DEFAULT_DIALECT
