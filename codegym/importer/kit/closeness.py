"""Stands in a test file for numpy, of which published tests use a type and a comparison of floats."""

from typing import Any


class np:
    """What the tests of HumanEval+ and MBPP+ use of numpy."""

    class ndarray:
        """A type that nothing has."""

    float32 = float64 = float

    @staticmethod
    def allclose(left: Any, right: Any, rtol: float = 1e-05, atol: float = 1e-08) -> bool:
        """Return whether two numbers, or two sequences of them, are as close as numpy's function asks."""
        if isinstance(left, (list, tuple)) or isinstance(right, (list, tuple)):
            return len(left) == len(right) and all(np.allclose(a, b, rtol, atol) for a, b in zip(left, right))
        return bool(left == right or abs(left - right) <= atol + rtol * abs(right))
