"""Where an increasing function crosses zero.

scipy's brentq would do, but loading scipy.optimize takes longer than all that is asked of it here,
and the first answer on a screen would wait for it.
"""

from __future__ import annotations

from collections.abc import Callable

MOST_STEPS = 400


def crossing(function: Callable[[float], float], low: float, high: float, within: float) -> float:
    """Return x between low and high, to ``within``, where the function crosses 0.

    The Illinois variant of the rule of false position (Dowell & Jarratt 1971, BIT 11, 168-174),
    with a bisection every third step, so that the interval shrinks whatever the function.

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
    at_low, at_high, moved = function(low), function(high), 0
    for step in range(MOST_STEPS):
        if at_low >= 0 or high - low <= within:
            return low if at_low >= 0 else (low + high) / 2
        x = (low * at_high - high * at_low) / (at_high - at_low)
        if step % 3 == 2 or not low < x < high:
            x = (low + high) / 2
        at_x = function(x)
        if at_x == 0:
            return x
        if at_x < 0:
            low, at_low, at_high = x, at_x, at_high / 2 if moved < 0 else at_high
        else:
            high, at_high, at_low = x, at_x, at_low / 2 if moved > 0 else at_low
        moved = -1 if at_x < 0 else 1
    return (low + high) / 2
