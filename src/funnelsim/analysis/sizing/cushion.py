"""How much cushion: P(plan) by over-assignment and team size, with and without what all share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from funnelsim.analysis.estimates import Means
from funnelsim.analysis.gathering import Gathering, gather
from funnelsim.analysis.levers.answered import labelled
from funnelsim.analysis.levers.levers import checked_number
from funnelsim.analysis.quantiles import QuantileStream
from funnelsim.analysis.sizing.company import (
    Company,
    Floats,
    Period,
    block_of,
    checked_certainties,
    checked_sizes,
    company_of,
    in_proportion,
)
from funnelsim.analysis.tally import REACHES
from funnelsim.analysis.team.causes import calm_market, known_numbers
from funnelsim.engine.blocks import BLOCK, Progress, Run, Samples, check
from funnelsim.engine.simulate import STREAM_VERSION, provenance
from funnelsim.scenario.model import Scenario

if TYPE_CHECKING:
    import xarray as xr
    from distributed import Client

LOWEST, HIGHEST, STEP = 0.8, 1.6, 0.05  # over-assignments that are looked at, at least
BELOW, ABOVE = 0.2, 0.4  # of the plan's own as well
CERTAINTIES = (0.5, 0.8, 0.9)
AS_IS, OWN_ONLY = "as it is", "own luck only"
MOST_OVER, MOST_POINTS = 1_000.0, 60


def cushion(
    plan: Scenario,
    *,
    over_assignment: Sequence[float] | None = None,
    reps: Sequence[int] | None = None,
    probability: float | Sequence[float] = CERTAINTIES,
    draws: int,
    seed: int,
    by: Period | None = None,
    period: int | None = None,
    threads: int | None = None,
    cluster: str | Client | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return P(plan) against over-assignment, by the size of the team.

    Quotas stay what they are: a larger cushion means that the company promises less of them. The
    team grows in proportion, its hires with it, and the target grows with the quotas of its seats
    of day 0. Where all reps share a market, or what is not known of rates, the same is told without
    these beside it: what is left then is luck that a large team averages out.

    Parameters
    ----------
    plan : Scenario
        Its targets say how quarters differ; without any, they are those of the quotas.
    over_assignment : sequence of float, optional
        Sums of quotas over target, beside that of the plan; by default around it, and from 0.8 to
        1.6.
    reps : sequence of int, optional
        Sizes of the team, seats on day 0; by default a quarter, half, one and two times the plan's.
    probability : float or sequence of float
        P(plan) for which the over-assignment is solved.
    draws, seed : int
    by, period
        As in :func:`headcount`.
    threads : int, optional
    cluster : str or distributed.Client, optional
        Who simulates in place of this process, as in :func:`funnelsim.simulate`.
    progress : callable, optional
        Called with (draws done, draws in all).

    Returns
    -------
    xarray.Dataset
        ``cushion_plan_probability`` by (risk, reps, over_assignment), risk being "as it is" and,
        where anything is shared, "own luck only"; ``cushion_needed`` by (risk, reps, certainty):
        NaN where bookings are 0 too often. Attributes: ``own_over_assignment`` and ``own_reps`` of
        the plan, and what is ``shared``.

    Raises
    ------
    ArgumentError
        Where an argument is out of range, or nobody books.

    Notes
    -----
    All sizes share their luck: a larger team is the smaller one and more seats. Derived in
    docs/how-to/how-many-reps.md.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"headcount": 8, "market.cv": 0.2})
    >>> told = cushion(plan, over_assignment=[1.0, 1.2], draws=2_000, seed=1)
    >>> chance = told.cushion_plan_probability.sel(reps=8, over_assignment=1.2)
    >>> bool(chance.sel(risk="own luck only") > chance.sel(risk="as it is"))
    True
    """
    check(draws, seed, threads, BLOCK)
    company = company_of(plan, by, period)
    sizes = checked_sizes(reps, company.scaled_sizes)
    wanted = checked_certainties(probability)
    own_over = plan.over_assignment if plan.over_assignment is not None else 1.0
    overs = _checked_overs(over_assignment, own_over)
    teams = {AS_IS: company.segments}
    if shared_by(company):
        teams[OWN_ONLY] = {
            name: known_numbers(calm_market(each)) for name, each in company.segments.items()
        }
    runs = [run for team in teams.values() for run in _runs(company, team, sizes)]
    whole = _Cushions(company, sizes, _goals(company, sizes, own_over), overs, wanted, len(teams))
    gather(
        runs, whole, draws=draws, seed=seed, grain=block_of(runs), threads=threads,
        cluster=cluster, progress=progress,
    )  # fmt: skip
    reached, errors = whole.means["reached"].pair
    lowest = reached.argmin(axis=-1)[..., None]
    needed, spread = _solved(whole.streams, whole.shape)
    return labelled(
        plan,
        {
            "cushion_plan_probability": (
                np.take_along_axis(reached, lowest, -1)[..., 0],
                np.take_along_axis(errors, lowest, -1)[..., 0],
            ),
            "cushion_needed": (needed, spread),
        },
        {"risk": list(teams), "reps": sizes, "over_assignment": overs, "certainty": wanted},
        {
            **provenance(plan),
            "draws": draws,
            "seed": seed,
            "stream_version": STREAM_VERSION,
            "method": "simulated",
            "by": company.by,
            "goal": company.goal,
            "own_over_assignment": own_over,
            "own_reps": company.reps,
            "shared": ", ".join(shared_by(company)),
        },
        {},
    )


class _Cushions(Gathering):
    """P(plan) by over-assignment, and the over-assignment that a probability takes.

    Parameters
    ----------
    company : Company
    sizes : sequence of int
        Of teams, rising.
    goals : (size, period) float, currency
        Targets at an over-assignment of 1.
    overs : (over_assignment,) float
    wanted : sequence of float
        Probabilities.
    risks : int
        In how many worlds each team is looked at.
    """

    memories = ("means", "streams")

    def __init__(
        self,
        company: Company,
        sizes: Sequence[int],
        goals: Floats,
        overs: Floats,
        wanted: Sequence[float],
        risks: int,
    ) -> None:
        super().__init__()
        self._company, self._sizes, self._goals, self._overs = company, sizes, goals, overs
        self.shape = (risks, *goals.shape, len(wanted))
        self.means = Means()
        self.streams = [[QuantileStream(p) for p in wanted] for _ in range(risks * goals.size)]

    def look_at(self, samples: Sequence[Samples]) -> None:
        """Take in a grain of draws."""
        risks = self.shape[0]
        own = len(samples) // risks
        booked = np.stack(
            [
                _booked(self._company, samples[k * own : (k + 1) * own], self._sizes)
                for k in range(risks)
            ],
            axis=1,
        )  # (draw, risk, size, period)
        share = booked[:, :, :, None] * self._overs[:, None] / self._goals[:, None]
        self.means.add({"reached": share >= REACHES})
        with np.errstate(divide="ignore"):
            over = np.reshape(self._goals / booked, (len(booked), -1)).T
        for row, values in zip(self.streams, over, strict=True):
            for stream in row:
                stream.add(np.ascontiguousarray(values))


def _checked_overs(stated: Sequence[float] | None, own: float) -> Floats:
    """Return the over-assignments that are looked at, rising."""
    if stated is None:
        first = math.floor(min(LOWEST, (1 - BELOW) * own) / STEP)
        last = math.ceil(max(HIGHEST, (1 + ABOVE) * own) / STEP)
        points = np.linspace(max(first, 1), last, min(last - first + 1, MOST_POINTS))
        stated = np.round(points * STEP, 4).tolist()
    found = [checked_number("over_assignment", each, 0, MOST_OVER) for each in stated]
    return np.array(sorted({*found, own}))


def shared_by(company: Company) -> list[str]:
    """Return what moves all reps together: "market", "uncertainty"."""
    segments = company.segments.values()
    known = {
        "market": any(each.market.cv > 0 for each in segments),
        "uncertainty": any(each.cv > 0 for s in segments for each in s.uncertainty.values()),
    }
    return [name for name, there in known.items() if there]


def _goals(company: Company, sizes: Sequence[int], own_over: float) -> Floats:
    """Return targets at an over-assignment of 1, (size, period)."""
    split = _split(company, sizes)
    quotas = np.stack([company.quotas(name) for name in company.segments])
    if company.plan.targets is None:
        return split @ quotas
    whole = np.array([sum(each.quotas) for each in company.segments.values()])
    own = np.array(company.headcounts) @ whole
    return np.outer(split @ whole / own, company.targets * own_over)


def _split(company: Company, sizes: Sequence[int]) -> Floats:
    """Return how teams divide among segments, (size, segment)."""
    count = len(company.segments)
    orders = [in_proportion(company.headcounts, size) for size in sizes]
    return np.array([np.bincount(order, minlength=count) for order in orders])


def _runs(company: Company, team: dict[str, Scenario], sizes: Sequence[int]) -> list[Run]:
    """Return runs of the seats of day 0 of the largest team, then of the hires of each size."""
    split = _split(company, sizes)
    days = [
        Run(each, int(seats), segment=name)
        for (name, each), seats in zip(team.items(), split[-1], strict=True)
    ]
    hires = [
        Run(_scaled(each, size / company.reps), 0, hired=True, segment=name)
        for size in sizes
        for name, each in team.items()
    ]
    return [*days, *hires]


def _scaled(segment: Scenario, times: float) -> Scenario:
    """Return a segment with so many times its hires."""
    own = np.cumsum([0, *(hire.reps for hire in segment.hiring)])
    scaled = np.diff(np.rint(own * times).astype(int))
    hiring = tuple(
        hire.model_copy(update={"reps": int(reps)})
        for hire, reps in zip(segment.hiring, scaled, strict=True)
        if reps
    )
    return segment.model_copy(update={"hiring": hiring})


def _booked(company: Company, samples: Sequence[Samples], sizes: Sequence[int]) -> Floats:
    """Return what teams of each size book, (draw, size, period)."""
    split = _split(company, sizes)
    booked = [company.of_periods(each["bookings"]) for each in samples]
    count = len(company.segments)
    totals = []
    for k, row in enumerate(split):
        hired = booked[count * (k + 1) : count * (k + 2)]
        parts = [each[:, :n].sum(axis=1) for each, n in zip(booked[:count], row, strict=True)]
        totals.append(sum([*parts, *(each.sum(axis=1) for each in hired)]))
    return np.stack(totals, axis=1)


def _solved(
    streams: Sequence[Sequence[QuantileStream]], shape: tuple[int, ...]
) -> tuple[Floats, Floats]:
    """Return the over-assignment at which P(plan) is what is wanted, in the worst period."""
    with np.errstate(invalid="ignore"):
        found = np.array([[stream.estimate() for stream in row] for row in streams])
    found = found.reshape(*shape, 2)
    worst = found[..., 0].argmax(axis=2)[:, :, None]
    needed, spread = (np.take_along_axis(found[..., k], worst, 2)[:, :, 0] for k in (0, 1))
    return (
        np.where(np.isfinite(needed), needed, math.nan),
        np.where(np.isfinite(needed) & np.isfinite(spread), spread, math.nan),
    )
