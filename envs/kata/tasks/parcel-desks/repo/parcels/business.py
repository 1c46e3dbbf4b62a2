"""The desk for firms. They may send heavier parcels, all of a day at once, and get one bill."""

from __future__ import annotations

from parcels.errors import RefusedError


def bill(firm: str, zone: str, weights: list[int]) -> str:
    """Return the bill for parcels that all go to one zone."""
    lines = [f"Bill for {firm}"]
    total = 0
    for number, grams in enumerate(weights, 1):
        if grams <= 0:
            raise RefusedError("nothing to send")
        if grams > 31500:
            raise RefusedError(f"{grams} g is too heavy")
        if zone not in ("town", "island", "abroad"):
            raise RefusedError(f"we do not go to {zone}")
        cents = 275 if zone == "town" else 690 if zone == "island" else 1385
        steps = -(-(grams - 1250) // 500)
        cents += 85 * max(steps, 0)
        cents += 415 if grams > 7300 and zone == "island" else 0
        lines.append(f"{number}. {grams} g: {cents}")
        total += cents
    lines.append(f"Total: {total}")
    return "\n".join(lines)
