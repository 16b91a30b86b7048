"""Where an increasing function crosses zero.

scipy's brentq would do, but loading scipy.optimize takes longer than all that is asked of it here,
and the first answer on a screen would wait for it.
"""

from __future__ import annotations

from collections.abc import Callable

MOST_STEPS = 400


def crossing(function: Callable[[float], float], low: float, high: float, within: float) -> float:
    """Return x between low and high, to ``within``, where the function crosses 0.

    Inverse quadratic interpolation where that is safe, else bisection (Chandrupatla 1997, Advances
    in Engineering Software 28, 145-149): few steps where the function is smooth, and no more than
    bisection alone where it has steps.

    Parameters
    ----------
    function : callable
        Not above 0 at ``low`` and not below 0 at ``high``; may have steps.
    low, high, within : float

    Examples
    --------
    >>> round(crossing(lambda x: x**3 - 2, 0.0, 2.0, 1e-12), 9)
    1.25992105
    """
    newest, at_newest = high, function(high)  # the root is between this and the other end
    other, at_other = low, function(low)
    if at_other >= 0:
        return low
    share = 0.5
    for _ in range(MOST_STEPS):
        wide = abs(other - newest)
        if wide <= within:
            break
        x = newest + min(max(share, within / wide / 2), 1 - within / wide / 2) * (other - newest)
        at_x = function(x)
        if at_x == 0:
            return x
        if (at_x < 0) == (at_newest < 0):
            last, at_last = newest, at_newest
        else:
            last, at_last, other, at_other = other, at_other, newest, at_newest
        newest, at_newest = x, at_x
        place = (newest - other) / (last - other)
        level = (at_newest - at_other) / (at_last - at_other)
        share = 0.5
        if level**2 < place and (1 - level) ** 2 < 1 - place:
            share = at_newest / (at_other - at_newest) * at_last / (at_other - at_last)
            share += (
                (last - newest) / (other - newest)
                * at_newest / (at_last - at_newest)
                * at_other / (at_last - at_other)
            )  # fmt: skip
    return (newest + other) / 2
