"""What a larger team evens out: its reps' own luck; not what all of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from funnelsim.analysis.estimates import Columns
from funnelsim.analysis.gathering import Averages, gather
from funnelsim.analysis.levers.answered import labelled
from funnelsim.analysis.levers.levers import checked_number
from funnelsim.analysis.sizing.company import (
    Company,
    Floats,
    Places,
    block_of,
    checked_sizes,
    company_of,
    in_order,
    in_proportion,
)
from funnelsim.analysis.tally import QUARTERS_PER_YEAR, REACHES
from funnelsim.engine.blocks import BLOCK, Progress, Run, Samples, check
from funnelsim.engine.simulate import STREAM_VERSION, provenance
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.ways import Uncertain
from funnelsim.scenario.wording import quoted

if TYPE_CHECKING:
    import xarray as xr
    from distributed import Client

REPS = (1, 2, 5, 10, 20, 40)
SHARE, SPREAD = 0.8, 0.2
MOST_SPREAD = 2.0
LUCK = "win rate"  # one for all segments

NEITHER, SKILL = "neither", "own skill"
UNCERTAINTY, MARKET = "shared uncertainty", "shared market"


def diversification(
    plan: Scenario,
    *,
    reps: Sequence[int] | None = None,
    share: float = SHARE,
    cv: float = SPREAD,
    draws: int,
    seed: int,
    threads: int | None = None,
    cluster: str | Client | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return what a spread of the win rate does to teams of growing size, by who shares it.

    The same team four times: without any spread between reps, market or ignorance ("neither");
    with win rates that differ from rep to rep ("own skill"); with a win rate that nobody knows, the
    same for all ("shared uncertainty"); with a market that moves all of them ("shared market"). The
    spread is the same each time.

    Parameters
    ----------
    plan : Scenario
        Whose own spreads between reps, market and uncertainty are set aside; nobody comes or goes.
        Its segments make up teams in proportion to their seats of day 0.
    reps : sequence of int, optional
        Sizes of the team; by default 1 to 40, of several segments a quarter to two times the
        plan's.
    share : float
        Of the sum of its quotas that the team should book, above 0 and below 2.
    cv : float
        The spread: standard deviation over mean.
    draws, seed : int
    threads : int, optional
    cluster : str or distributed.Client, optional
        Who simulates in place of this process, as in :func:`funnelsim.simulate`.
    progress : callable, optional
        Called with (draws done, draws in all).

    Returns
    -------
    xarray.Dataset
        By (risk, reps), the mean over the quarters of the first year: ``risk_plan_probability`` and
        ``risk_bookings_cv``. Attributes ``share``, ``cv``.

    Raises
    ------
    ArgumentError
        Where an argument is out of range, or a win rate cannot have the spread.

    Examples
    --------
    >>> import funnelsim as fs
    >>> told = diversification(fs.preset("sales_math"), reps=[10], draws=2_000, seed=1)
    >>> chance = told.risk_plan_probability.sel(reps=10)
    >>> bool(chance.sel(risk="own skill") > chance.sel(risk="shared uncertainty"))
    True
    """
    check(draws, seed, threads, BLOCK)
    company = company_of(plan, "quarter")
    alone = len(company.segments) == 1
    sizes = checked_sizes(reps, REPS if alone else company.scaled_sizes)
    share = checked_number("share", share, 0, 2)
    cv = checked_number("cv", cv, 0, MOST_SPREAD)
    teams = _teams(company, cv)
    order = in_proportion(company.headcounts, sizes[-1])
    seats = np.bincount(order, minlength=len(company.segments))
    runs = [
        Run(segment, int(count), segment=name)
        for team in teams.values()
        for (name, segment), count in zip(team.items(), seats, strict=True)
    ]
    quotas = np.stack([company.quotas(name) for name in company.segments])[order]
    goals = share * REACHES * np.cumsum(quotas, axis=0)[np.array(sizes) - 1, :QUARTERS_PER_YEAR]
    whole = Averages(partial(_against, len(teams), goals, order, np.array(sizes) - 1))
    gather(
        runs, whole, draws=draws, seed=seed, grain=block_of(runs), threads=threads,
        cluster=cluster, progress=progress,
    )  # fmt: skip
    means = whole.means
    mean = means["booked"]
    spread = (means["square"] - mean * mean).sqrt() / mean  # within a quarter: no season
    return labelled(
        plan,
        {
            "risk_plan_probability": means["reached"].mean(axis=-1).pair,
            "risk_bookings_cv": spread.mean(axis=-1).pair,
        },
        {"risk": list(teams), "reps": sizes},
        {
            **provenance(plan),
            "draws": draws,
            "seed": seed,
            "stream_version": STREAM_VERSION,
            "method": "simulated",
            "share": share,
            "cv": cv,
        },
        {},
    )


def _teams(company: Company, cv: float) -> dict[str, dict[str, Scenario]]:
    """Return the segments with each risk, by name."""
    make: Mapping[str, Callable[[Scenario], Scenario]] = {
        NEITHER: lambda segment: segment,
        SKILL: lambda segment: _with_skill(segment, cv),
        UNCERTAINTY: lambda segment: _with_uncertainty(segment, cv),
        MARKET: lambda segment: segment.replace({"market.cv": cv}),
    }
    calm = {name: _calm(segment) for name, segment in company.segments.items()}
    return {
        risk: {name: change(segment) for name, segment in calm.items()}
        for risk, change in make.items()
    }


def _calm(segment: Scenario) -> Scenario:
    """Return a segment of settled reps, all alike, in a market that does not move."""
    alike = {f"stages.{quoted(name)}.rep_cv": 0.0 for name in segment.stage_names}
    own = {"activity.rep_cv": 0.0, "deal_size.rep_cv": 0.0, "market.cv": 0.0, "uncertainty": {}}
    settled = {"hiring": (), "attrition": None, "ramp": None}
    return segment.model_copy(update=settled).replace(alike | own)


def _with_skill(segment: Scenario, cv: float) -> Scenario:
    return segment.replace({f"stages.{quoted(segment.stages[-1].name)}.rep_cv": cv})


def _with_uncertainty(segment: Scenario, cv: float) -> Scenario:
    """Return a segment whose win rates nobody knows, those of all sources alike."""
    won = segment.stages[-1].name
    paths = [f"stages.{quoted(won)}.conversion"] + [
        f"sources.{quoted(source.name)}.conversion.{quoted(won)}"
        for source in segment.sources
        if won in source.conversion
    ]
    spread = Uncertain(cv=cv, luck=LUCK)
    return segment.replace({"uncertainty": dict.fromkeys(paths, spread)})


def _against(
    teams: int, goals: Floats, order: Places, last: Places, samples: Sequence[Samples]
) -> Columns:
    """Return what teams, up to the last seat of each size, book: (draw, risk, size, quarter)."""
    relative = _booked(samples, order, teams)[:, :, last] / goals
    return {"reached": relative >= 1, "booked": relative, "square": relative**2}


def _booked(samples: Sequence[Samples], order: Places, teams: int) -> Floats:
    """Return what teams book seat by seat, (draw, risk, size, quarter), of the first year."""
    count = len(samples) // teams
    return np.stack(
        [
            np.cumsum(
                in_order(
                    [
                        np.asarray(each["bookings"][:, :, :QUARTERS_PER_YEAR])
                        for each in samples[k * count : (k + 1) * count]
                    ],
                    order,
                ),
                axis=1,
            )
            for k in range(teams)
        ],
        axis=1,
    )
