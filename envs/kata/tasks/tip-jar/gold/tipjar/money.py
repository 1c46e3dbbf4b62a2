"""Integer money: every amount is a whole number of cents."""

from __future__ import annotations

from collections.abc import Sequence


def divide_half_even(numerator: int, denominator: int) -> int:
    """Return ``numerator / denominator`` rounded to the nearest integer, halves to the even neighbour.

    Exact for integers of any size and sign. Raises ZeroDivisionError for a zero denominator.
    """
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and quotient % 2):
        quotient += 1
    return quotient


def percent(cents: int, basis_points: int) -> int:
    """Return ``basis_points`` hundredths of a percent of ``cents``, rounded half to even."""
    return divide_half_even(cents * basis_points, 10_000)


def share(cents: int, weights: Sequence[int]) -> list[int]:
    """Share ``cents`` out in proportion to ``weights``.

    The shares always add up to ``cents``. Everyone first gets their exact share rounded towards zero; the cents
    that are left go, one each, to those whose exact share lost the largest fraction, the earlier one first where
    the fractions are equal. A debt (negative ``cents``) is shared exactly as the same credit would be.

    Raises ValueError when a weight is negative, or when no weight is positive.
    """
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise ValueError("weights must not be negative, and one must be positive")
    if cents < 0:
        return [-part for part in share(-cents, weights)]
    parts = [divmod(cents * weight, total) for weight in weights]
    shares = [quotient for quotient, _ in parts]
    by_loss = sorted(range(len(parts)), key=lambda index: -parts[index][1])
    for index in by_loss[: cents - sum(shares)]:
        shares[index] += 1
    return shares
