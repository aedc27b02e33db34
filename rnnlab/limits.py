"""Check of numbers such as limits, rates and tolerances: finite and within bounds."""

from __future__ import annotations

import math
import numbers


def check_number(
    name: str,
    value: object,
    *,
    above: float | None = None,
    least: float | None = None,
    below: float | None = None,
    most: float | None = None,
    remedy: str = "",
) -> float:
    """Return a number as a float if it is finite and within its bounds.

    Parameters
    ----------
    name : str
        The name in error messages.
    value : object
        A Python or NumPy number; bools are refused.
    above, least, below, most : float, optional
        Bounds of the number: exclusive lower, inclusive lower, exclusive upper, inclusive upper.
    remedy : str
        The fix for error messages, such as "try 1e-3".

    Raises
    ------
    TypeError
        If `value` is not a number.
    ValueError
        If `value` is NaN, infinite or out of bounds.

    Examples
    --------
    >>> check_number("momentum", 0.9, least=0, below=1)
    0.9
    >>> check_number("tolerance", float("nan"), above=0)
    Traceback (most recent call last):
    ...
    ValueError: tolerance must be finite and more than 0, got nan
    """
    ending = f": {remedy}" if remedy else ""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(
            f"{name} must be a number, got {type(value).__name__} {value!r}{ending or ': pass one'}"
        )
    try:
        number = float(value)
    except OverflowError:
        number = math.inf if str(value)[0] != "-" else -math.inf
    bounds = {"more than": above, "at least": least, "below": below, "at most": most}
    said = [f"{words} {bound:g}" for words, bound in bounds.items() if bound is not None]
    within = (
        (above is None or number > above)
        and (least is None or number >= least)
        and (below is None or number < below)
        and (most is None or number <= most)
    )
    if math.isfinite(number) and within:
        return number
    finite = [] if math.isfinite(number) else ["finite"]
    raise ValueError(f"{name} must be {' and '.join([*finite, *said])}, got {number:g}{ending}")
