"""P(attain) without simulating: the exact twin, the package aggregate, and the normal law.

The question is the compound distribution of one quarter without delays: a Poisson number of deals
and of windfalls, lognormal amounts. aggregate knows no funnel and has to be told that three deals
are won on average; the normal approximation is what a spreadsheet does with a mean and a standard
deviation.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

from benchmarks.workload import (
    ACTIVITIES_PER_QUARTER,
    DEAL,
    DEMO,
    DISCOVERY,
    QUOTA,
    WINDFALL,
    WINDFALLS_PER_QUARTER,
    WON,
    plan,
)

WINS = ACTIVITIES_PER_QUARTER * DISCOVERY * DEMO * WON
BUCKETS, WIDTH = 16, 125.0  # log2 of their number; a divisor of the quota
AGREED = 1e-5  # between two methods that both claim to be exact


def exact_twin() -> float:
    """Ask funnelsim for everything that it answers by default, and take P(attain)."""
    import funnelsim as fs

    return fs.exact(plan("no delays")).attainment_probability.item()


def aggregate_package() -> float:
    """Let aggregate compute the whole distribution on a lattice of 65,536 buckets.

    An amount is rounded to its bucket, so that P(B >= quota) is the mean of P(B > quota) and
    P(B > quota - one bucket); either alone is off by 1.5e-4.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import aggregate

        law = aggregate.build(
            f"agg Quarter [{WINS} {WINDFALLS_PER_QUARTER}] claims "
            f"sev lognorm [{DEAL.mean} {WINDFALL.mean}] cv [{DEAL.cv} {WINDFALL.cv}] poisson",
            log2=BUCKETS,
            bs=WIDTH,
        )
        return float(law.sf(QUOTA) + law.sf(QUOTA - WIDTH)) / 2


def normal_approximation() -> float:
    """Take mean and standard deviation of a quarter's bookings, and the normal law."""
    parts = ((WINS, DEAL), (WINDFALLS_PER_QUARTER, WINDFALL))
    mean = sum(rate * law.mean for rate, law in parts)
    variance = sum(rate * law.mean**2 * (1 + law.cv**2) for rate, law in parts)
    return math.erfc((QUOTA - mean) / math.sqrt(2 * variance)) / 2


METHODS: dict[str, Callable[[], float]] = {
    "funnelsim, exact twin": exact_twin,
    "aggregate": aggregate_package,
    "normal approximation": normal_approximation,
}


def installed() -> dict[str, Callable[[], float]]:
    """Return the methods that can run here."""
    absent = "aggregate" if find_spec("aggregate") is None else ""
    return {name: call for name, call in METHODS.items() if name != absent}


@cache
def errors() -> dict[str, float]:
    """Return each method's P(attain) minus the truth; checked, for those that claim to be exact.

    The truth is the exact twin's, which bounds its own error; what is given for the twin is that
    bound.

    Raises
    ------
    SystemExit
        Where aggregate and the twin, which share no code, do not agree.
    """
    import funnelsim as fs

    told = fs.exact(plan("no delays"), only=["attainment_probability"])
    truth = told.attainment_probability.item()
    found = {name: call() - truth for name, call in installed().items()}
    found["funnelsim, exact twin"] = told.attainment_probability_numerical_error.item()
    for name in ("funnelsim, exact twin", "aggregate"):
        if not abs(found.get(name, 0.0)) < AGREED:
            raise SystemExit(f"{name}: off by {found[name]:+.1g}, more than {AGREED}")
    return found


class WithoutDraws:
    """The methods one by one; their answers have been compared."""

    params = tuple(METHODS)
    param_names = ("method",)

    def setup(self, method: str) -> None:
        if method not in installed():
            raise NotImplementedError(f"{method} is not installed")
        errors()

    def time_method(self, method: str) -> None:
        METHODS[method]()
