"""Ways to the same mean bookings: by repetition, by windfalls, by whales, by larger deals.

At equal means the mean is out of the way and luck remains: below which quota repetition makes it
more often, and from which a gambler does. Definitions in docs/background/luck.md, "Equal mean".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from funnelsim.analysis.estimates import Means
from funnelsim.analysis.levels import (
    at_activity,
    at_level,
    mean_bookings,
    mean_windfall_bookings,
)
from funnelsim.analysis.luck.part import (
    Answers,
    Floats,
    has_luck,
    has_whales,
    over,
    without_uncertainty,
)
from funnelsim.analysis.memories import Remembering
from funnelsim.analysis.tally import (
    QUARTERS_PER_YEAR,
    REACHES,
    never_certain,
    occasions,
    proportion,
)
from funnelsim.engine.blocks import Run, Samples
from funnelsim.errors import FunnelsimError, NotCoveredError
from funnelsim.registry import LUCK, SEGMENT, STANDARD_ERROR
from funnelsim.scenario.model import DealSize, Scenario, SourceSize, Whale, Windfall

if TYPE_CHECKING:
    import xarray as xr

AS_STATED, REPETITION = "as stated", "repetition"
GAMBLERS = WINDFALLS, WHALES, LARGER_DEALS = "windfalls", "whales", "larger deals"
RATIOS = tuple(tenths / 10 for tenths in range(5, 21))
SAME = 1e-9  # relative: a quota of the plan's own that is so close to one of the grid stands for it
ASSUMED_WHALES = Whale(probability=0.03, multiple=10)  # where the plan has none
ASSUMED_CV = 1.0  # of windfalls as large as the quota, where the plan has none
MOST_WINDFALLS = 1_000  # a quarter, as a scenario may state
HALF = 0.5  # of the activity, beside windfalls
LARGER = 2.0  # times the size
AHEAD = 3.0  # standard errors: so many quotas are looked at that 2 would be exceeded by chance
THREE = 3  # of four quarters


class EqualMean(Remembering):
    """The plan's mean bookings, come by in several ways, against quotas below and above it.

    Over the plan's first four quarters, whose quotas are scaled so that their mean is the ratio
    times mean bookings; a number about a quarter is the mean over the four. All ways share their
    luck wherever they agree.

    Attributes
    ----------
    plans : dict of str to Scenario
        The ways that exist, by name.
    attrs : dict
        ``own_quota_ratio``; ``way_windfalls_per_quarter``, and with ``way_windfalls_from`` and
        ``way_whales_from`` whether the gamblers' laws are the plan's own.
    """

    memories = ("_by_ratio", "_moments")

    def __init__(self, plan: Scenario) -> None:
        year = over(plan, QUARTERS_PER_YEAR).model_copy(update={"kpis": ()})  # nobody looks at them
        self._ways = (*((AS_STATED,) if has_luck(year) else ()), REPETITION, *GAMBLERS)
        self._ratios: tuple[float, ...] = RATIOS
        self.plans: dict[str, Scenario] = {}
        self.refused: dict[str, str] = {}
        self.attrs: dict[str, str | int | float] = {}
        try:
            self._goal = _goal_of(year)
        except NotCoveredError as reason:
            self._refuse(f"mean bookings are not known: {reason}")
        else:
            self._solve(year)
        self.coords: Mapping[str, Sequence[object]] = {
            "way": self._ways,
            "quota_ratio": self._ratios,
        }
        self.runs = tuple(Run(each) for each in self.plans.values())
        self._by_ratio = tuple(Means() for _ in self._ratios)
        self._moments = Means()

    def add(self, samples: Sequence[Samples]) -> None:
        """Take in a block of draws."""
        if not self.plans:
            return
        told = [self._against_quotas(own) for own in samples]
        for place, means in enumerate(self._by_ratio):
            means.add({name: np.stack([way[name][place] for way in told], 1) for name in told[0]})
        amounts = np.stack([own["bookings"][:, 0] for own in samples], axis=1)  # (draw, way, ...)
        bookings = np.asarray(amounts, dtype=np.float64) / self._goal  # squares keep their digits
        self._moments.add(
            {
                "activities": np.stack([own["activities"][:, 0].mean(1) for own in samples], 1),
                "bookings": bookings,
                "bookings^2": (bookings * bookings).mean(axis=2),
            }
        )

    def answers(self) -> Answers:
        """Return every number with its standard error, by (way[, quota_ratio])."""
        if not self.plans:
            return {}
        by_ratio = [self._at_ratio(means) for means in self._by_ratio]
        found = self._of_moments()
        for name in by_ratio[0]:
            values, errors = zip(*(each[name] for each in by_ratio), strict=True)
            found[name] = np.stack(values, axis=-1), np.stack(errors, axis=-1)
        if np.isnan(found["way_windfall_dependence"][0]).any():
            reason = "unknown where no simulated quarter was attained"
            self.refused.setdefault("way_windfall_dependence", reason)
        return {name: self._among_all_ways(*pair) for name, pair in found.items()}

    def _solve(self, year: Scenario) -> None:
        """Find the ways, and the quotas to hold them against."""
        quotas = np.array(year.quotas)
        own = float(quotas.mean()) / self._goal
        others = (ratio for ratio in RATIOS if abs(ratio - own) > SAME * own)
        self._ratios = tuple(sorted((*others, own)))
        # (ratio, quarter, 1); the plan's own quotas to the last digit
        self._quotas = np.array(self._ratios)[:, None, None] / own * quotas[:, None]
        self.attrs = {
            "own_quota_ratio": own,
            "way_windfalls_from": (
                "stated"
                if year.windfall is not None
                else f"assumed lognormal, mean {year.quotas[0]:,.6g}, cv {ASSUMED_CV:g}"
            ),
            "way_whales_from": (
                "stated"
                if has_whales(year)
                else f"assumed {ASSUMED_WHALES.probability:g} of deals, "
                f"times {ASSUMED_WHALES.multiple:g}"
            ),
        }
        unsolved = []
        for way in self._ways:
            try:
                self.plans[way] = _plan_of(way, year, self._goal)
            except FunnelsimError as reason:
                unsolved.append(f"{way}: {' '.join(str(reason).split())}")
        if unsolved:
            self._refuse("; ".join(unsolved))
        if REPETITION not in self.plans:
            self.refused["way_advantage"] = f"nothing to compare with; {'; '.join(unsolved)}"
        if WINDFALLS in self.plans:
            windfall = self.plans[WINDFALLS].windfall
            assert windfall is not None  # noqa: S101  that way has windfalls
            self.attrs["way_windfalls_per_quarter"] = windfall.per_quarter

    def _refuse(self, reason: str) -> None:
        for variable in LUCK:
            if "way" in variable.dims:
                self.refused[variable.name] = reason

    def _against_quotas(self, own: Samples) -> dict[str, Floats]:
        """Return what became of each draw's four quarters, (ratio, draw)."""
        bookings, repeatable = (  # (quarter, draw)
            np.ascontiguousarray(own[name][:, 0].T, dtype=np.float64)
            for name in ("bookings", "repeatable_bookings")
        )
        enough = self._quotas * REACHES
        made = bookings >= enough
        by_windfall = made & (repeatable < enough)
        times = made.sum(axis=1, dtype=np.uint8)
        return {
            "attained": times / QUARTERS_PER_YEAR,
            "only by windfall": by_windfall.sum(axis=1, dtype=np.uint8) / QUARTERS_PER_YEAR,
            "three of four": times >= THREE,
            "shortfall": np.maximum(self._quotas - bookings, 0.0).mean(axis=1),
        }

    def _at_ratio(self, m: Means) -> Answers:
        """Return what is known at one ratio, (way,) of the ways that exist."""
        attained, windfall = m["attained"], m["only by windfall"]
        draws = occasions(attained.value, QUARTERS_PER_YEAR, m.draws)
        dependence, error = never_certain((windfall / attained).pair, draws)
        lucky = [has_luck(plan) for plan in self.plans.values()]
        found = {
            "way_attainment_probability": never_certain(attained.pair, m.draws),
            # without windfalls and whales it is 0 for certain
            "way_windfall_dependence": (dependence, np.where(lucky, error, 0.0 * dependence)),
            "way_three_of_four_probability": m["three of four"].pair,
            "way_shortfall_mean": m["shortfall"].pair,
        }
        if REPETITION in self.plans:
            repetition = attained[list(self.plans).index(REPETITION)]
            value, error = (attained - repetition).pair
            _, rare = proportion(np.zeros(()), np.asarray(float(m.draws)))
            other = np.array([plan != self.plans[REPETITION] for plan in self.plans.values()])
            # Plans that differ, and in no draw came out differently, may yet do so.
            never = other & (error < 0.01 / (m.draws * QUARTERS_PER_YEAR))
            found["way_advantage"] = value, np.where(never, rare, error)
        return found

    def _of_moments(self) -> Answers:
        """Return mean activities and the moments of a quarter's bookings, (way,)."""
        by_quarter, square = self._moments["bookings"], self._moments["bookings^2"]
        mean = by_quarter.mean(1)
        sd = (square - (by_quarter * by_quarter).mean(1)).sqrt()
        return {
            "way_activities_mean": self._moments["activities"].pair,
            "way_bookings_mean": (mean * self._goal).pair,
            "way_bookings_cv": (sd / mean).pair,
        }

    def _among_all_ways(self, value: Floats, error: Floats) -> tuple[Floats, Floats]:
        """Return the answers with NaN for the ways that do not exist."""
        placed = np.full((2, len(self._ways), *value.shape[1:]), np.nan)
        placed[:, [self._ways.index(way) for way in self.plans]] = value, error
        return placed[0], placed[1]


def ahead_from(luck: xr.Dataset) -> dict[str, float]:
    """Return from which quota on a gambler makes it more often than repetition.

    Parameters
    ----------
    luck : xarray.Dataset
        Of :func:`funnelsim.luck`.

    Returns
    -------
    dict of str to float
        By way, the smallest ``quota_ratio`` at which it is ahead by more than 3 standard errors and
        beyond which it is nowhere behind by as much. A way that never gets there is left out.

    Examples
    --------
    >>> import xarray as xr
    >>> advantage = [[[-0.1, 0.001, 0.02, 0.03]]]
    >>> told = xr.Dataset(
    ...     {"way_advantage": (("segment", "way", "quota_ratio"), advantage),
    ...      "way_advantage_standard_error": (("segment", "way", "quota_ratio"), [[[0.002] * 4]])},
    ...     {"segment": ["rep"], "way": ["whales"], "quota_ratio": [0.5, 1.0, 1.5, 2.0]})
    >>> ahead_from(told)
    {'whales': 1.5}
    """
    found: dict[str, float] = {}
    if "way_advantage" not in luck:
        return found
    for way in (way for way in GAMBLERS if way in luck["way"].values):
        where = {"segment": SEGMENT, "way": way}
        advantage = luck["way_advantage"].sel(where).values
        clearly = AHEAD * luck["way_advantage" + STANDARD_ERROR].sel(where).values
        behind = np.flatnonzero(advantage < -clearly)
        first = behind[-1] + 1 if behind.size else 0
        ahead = np.flatnonzero(advantage[first:] > clearly[first:])
        if ahead.size:
            found[way] = float(luck.quota_ratio.values[first + ahead[0]])
    return found


def _plan_of(way: str, plan: Scenario, goal: float) -> Scenario:
    """Return the plan that comes by the mean bookings in this way.

    Raises
    ------
    NotCoveredError, ScenarioError
        Where there is none.
    """
    if way == AS_STATED:
        return plan
    tame = without_uncertainty(plan, "windfall").model_copy(update={"windfall": None})
    if way == WHALES and has_whales(plan):
        return at_level(tame, mean_bookings, goal)
    plain = _without_whales(tame)
    if way == WINDFALLS:
        return _with_windfalls(plain, plan, goal)
    if way == WHALES:
        whaling = plain.deal_size.model_copy(update={"whale": ASSUMED_WHALES})
        plain = plain.model_copy(update={"deal_size": whaling})
    elif way == LARGER_DEALS:
        plain = _with_larger_deals(plain)
    return at_level(plain, mean_bookings, goal)


def _without_whales(plan: Scenario) -> Scenario:
    """Return the plan without whales, whatever source their deals come from."""
    no_whale = {"whale": None}
    sources = tuple(
        source
        if source.deal_size is None
        else source.model_copy(update={"deal_size": source.deal_size.model_copy(update=no_whale)})
        for source in plan.sources
    )
    return without_uncertainty(plan, "deal_size.whale").model_copy(
        update={"deal_size": plan.deal_size.model_copy(update=no_whale), "sources": sources}
    )


def _with_windfalls(plain: Scenario, plan: Scenario, goal: float) -> Scenario:
    """Return the plain plan at half its activity, with windfalls for the rest of the mean.

    They are those of the plan, as uncertain as they are there.
    """
    half = at_activity(plain, plain.activities_per_week * HALF)
    law = plan.windfall
    if law is None:
        size = plain.quotas[0]
        law = Windfall(per_quarter=0.0, law="lognormal", mean=size, cv=ASSUMED_CV)
    missing = goal - mean_bookings(half)
    if not missing > SAME * goal:
        raise NotCoveredError("half the activity brings in the whole mean: a floor or cap decides")
    theirs = {path: each for path, each in plan.uncertainty.items() if path.startswith("windfall.")}
    half = half.model_copy(update={"uncertainty": half.uncertainty | theirs})
    one = law.model_copy(update={"per_quarter": 1.0})
    rate = missing / mean_windfall_bookings(half.model_copy(update={"windfall": one}))
    if rate > MOST_WINDFALLS:
        raise NotCoveredError(
            f"it would take {rate:,.0f} windfalls a quarter; at most {MOST_WINDFALLS:,} are allowed"
        )
    return half.model_copy(update={"windfall": law.model_copy(update={"per_quarter": rate})})


def _with_larger_deals(plan: Scenario) -> Scenario:
    """Return the plan with deals of twice the size, however their laws state it."""
    stated: dict[str, DealSize | SourceSize] = {"deal_size": plan.deal_size}
    for source in plan.sources:
        if source.deal_size is not None:
            stated[f"sources.{source.name}.deal_size"] = source.deal_size
    larger: dict[str, object] = {}
    for path, size in stated.items():
        if size.mean is not None:
            larger[f"{path}.mean"] = LARGER * size.mean
        if size.minimum is not None:
            larger[f"{path}.minimum"] = LARGER * size.minimum
        if size.amounts is not None:
            larger[f"{path}.amounts"] = [LARGER * amount for amount in size.amounts]
    return plan.replace(larger)


def _goal_of(plan: Scenario) -> float:
    """Return the mean bookings that all ways come by."""
    if plan.quota.of == "wins":
        raise NotCoveredError("a quota of wins counts deals, whatever their sizes")
    mean = mean_bookings(plan)
    if not mean > 0:
        raise NotCoveredError("the plan has none")
    return mean
