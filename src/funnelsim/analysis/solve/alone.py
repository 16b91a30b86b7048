"""What each lever alone would have to be for a goal, ranked by how far that is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from funnelsim.analysis.chances import Chances, Goal, Method, chances
from funnelsim.analysis.levers.levers import Lever, bare, lever_of
from funnelsim.analysis.levers.stated import default_paths
from funnelsim.analysis.solve.search import Curve, nearest
from funnelsim.analysis.solve.solve import value_error
from funnelsim.analysis.solve.span import Span, span_of
from funnelsim.engine.blocks import Progress
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.wording import parts_of

FAR = 8.0  # times what the plan states: a change beyond it is none that anybody makes
TIMES = (1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, FAR)  # where to look, one after the other
SIZES = ("mean", "minimum", "amounts")
QUOTA = "quota.per_quarter"


@dataclass(frozen=True)
class Alone:
    """What one lever alone would have to be.

    Attributes
    ----------
    path : str
    now : float
        Where the plan has it.
    needed : float
        The value that is just enough; NaN where none is.
    error : float
        Of that; NaN where it is not known.
    exact : bool
        Whether it is a numerical error, else a standard error.
    best, chance : float
        The value that does most, of those tried, and P(attain) there.
    """

    path: str
    now: float
    needed: float
    error: float
    exact: bool
    best: float
    chance: float

    @property
    def found(self) -> bool:
        """Whether some value is enough."""
        return not math.isnan(self.needed)

    @property
    def relative(self) -> float:
        """How far it is from the plan's, relative to that."""
        return self.needed / self.now - 1 if self.now else math.nan


def pullable(plan: Scenario) -> dict[str, bool]:
    """Return the levers whose level somebody can work on, and whether more of each helps.

    Activity or the hours for it, conversions, deal sizes, what flows in and gets assisted, the
    policy; less of: answering times, hours that things take, and reps who leave or take long to
    ramp.

    Examples
    --------
    >>> import funnelsim as fs
    >>> list(pullable(fs.preset("sales_math")))[1:3]
    ['stages.discovery.conversion', 'stages.demo.conversion']
    >>> pullable(fs.preset("sdr_assisted"))["sources.sdr.per_sdr_week"]
    True
    """
    found = {}
    for path in default_paths(bare(plan), Goal()):
        way = _helps(parts_of(path) or (path,))
        if way is not None:
            found[path] = way
    return found


def _helps(parts: Sequence[str]) -> bool | None:
    """Return whether more of a number helps; None of what is no level, or nobody's to work on."""
    match parts:
        case ("activity", "per_week" | "per_quarter") | ("effort", "hours_per_week"):
            return True
        case ("stages", _, "conversion") | ("sources", _, "conversion", _):
            return True
        case ("sources", _, "per_week" | "per_sdr_week" | "sdrs_per_rep"):
            return True
        case ("assists", _, "coverage" | "per_quarter"):
            return True
        case ("deal_size", key) | ("sources", _, "deal_size", key):
            return True if key in SIZES else None
        case ("policy", "floor_per_week" | "adherence"):
            return True
        case ("effort", *_) | ("sources", _, "response", "minutes"):
            return False
        case ("attrition", "per_year" | "fill_weeks") | ("ramp", "weeks"):
            return False
    return None


def each_alone(
    plan: Scenario,
    ways: Mapping[str, bool],
    *,
    attain: float,
    method: Method = "auto",
    draws: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> list[Alone]:
    """Return what each lever alone takes for P(attain), the smallest relative change first.

    Parameters
    ----------
    plan : Scenario
        That does not reach it yet.
    ways : mapping of str to bool
        Paths of levers, and whether more of each helps.
    attain : float
    method, draws, seed, threads
        As in :func:`funnelsim.solve`.
    progress : callable, optional
        Called with (levers done, levers in all) before each.

    Returns
    -------
    list of Alone
        Levers of which no value up to eight times the plan's, or down to an eighth of it, is enough
        come last.

    Examples
    --------
    >>> import funnelsim as fs
    >>> found = each_alone(fs.preset("sales_math"), {"activity.per_quarter": True}, attain=0.8)
    >>> round(found[0].needed, 1), round(found[0].relative, 3)
    (1295.2, 0.727)
    """

    def evaluate(plans: Sequence[Scenario]) -> Chances:
        return chances(plans, Goal(), method=method, draws=draws, seed=seed, threads=threads)

    found = []
    for done, (path, up) in enumerate(ways.items()):
        if progress is not None:
            progress(done, len(ways))
        lever = lever_of(bare(plan), path)
        values = list(_on_the_way(span_of(plan, path), lever, up))
        if len(values) < 2:  # there is no room
            continue
        low, high = min(values), max(values)
        curve = Curve(Span(lever, low, high, tuple(sorted(values))), evaluate)
        reached = nearest(curve, attain, values)
        error = (
            value_error(curve, reached, draws or 0, {}) if reached.outcome == "found" else math.nan
        )
        exact = curve.method == "exact"
        chance = curve.at(reached.best)
        found.append(Alone(path, lever.value, reached.value, error, exact, reached.best, chance))
    return sorted(found, key=lambda each: abs(each.relative) if each.found else math.inf)


def _on_the_way(span: Span, lever: Lever, up: bool) -> Iterator[float]:
    """Yield values from the plan's on, as far as a plan can state them."""
    last = math.nan
    for times in TIMES:
        value = lever.value * times if up else lever.value / times
        if lever.whole:
            value = float(math.ceil(value) if up else math.floor(value))
        value = min(max(value, span.low), span.high)
        if value != last:
            yield value
        last = value
