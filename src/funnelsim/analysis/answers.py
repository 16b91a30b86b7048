"""What one screen or file tells about a plan: by quarter and by year, simulated or exact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funnelsim.analysis.seats import reads_as_team
from funnelsim.errors import ArgumentError, NotCoveredError
from funnelsim.results.export import as_json, json_text
from funnelsim.results.files import ending_of, save
from funnelsim.writing import write_text

if TYPE_CHECKING:
    import xarray as xr
    from distributed import Client

    from funnelsim.analysis.attainment import Period
    from funnelsim.scenario.model import Scenario

QUARTERS_PER_YEAR = 4
DRAWS, TEAM_DRAWS = 100_000, 10_000  # unless stated: a team has many seats, and runs for its causes


@dataclass(frozen=True)
class Answer:
    """The summaries of one plan: of a rep, or what :func:`funnelsim.team` says of a team.

    Attributes
    ----------
    plan : Scenario
        What was asked about.
    quarterly : xarray.Dataset
        Summary by quarter.
    yearly : xarray.Dataset or None
        Summary by year; None where the horizon has no whole year, or it is not covered.
    samples : xarray.Dataset or None
        Every draw, where they were asked for.
    no_years : str
        Why the exact twin gives no years; empty where nothing is missing.
    """

    plan: Scenario
    quarterly: xr.Dataset
    yearly: xr.Dataset | None
    samples: xr.Dataset | None = None
    no_years: str = ""

    @property
    def of_team(self) -> bool:
        """Whether the summaries are of all seats and the company's plan, not of one rep."""
        return reads_as_team(self.plan)

    @property
    def summaries(self) -> list[xr.Dataset]:
        """The summaries there are, by quarter first."""
        return [self.quarterly] if self.yearly is None else [self.quarterly, self.yearly]

    def as_json(self) -> dict[str, Any]:
        """Return the answer as an object that JSON can hold."""
        answer = as_json(*self.summaries)
        if self.no_years:
            answer["refused"]["years"] = self.no_years
        return answer


def simulated(
    plan: Scenario,
    *,
    seed: int,
    draws: int | None = None,
    threads: int | None = None,
    cluster: str | Client | None = None,
    keep_samples: bool = False,
    store: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Answer:
    """Return what the engine says; streamed in little memory unless the samples are kept.

    Without a number of draws it takes 100,000 of one rep, 10,000 of a team. With a store, see
    :func:`funnelsim.summarize`, it can be interrupted.

    Raises
    ------
    ArgumentError
        Where a store is named for samples, which are kept in no parts.
    ResourceError
        Where samples are to be kept and would not fit.
    """
    from funnelsim.analysis.attainment import attainment, summaries
    from funnelsim.analysis.team.team import teams
    from funnelsim.engine.blocks import shared_cluster
    from funnelsim.engine.simulate import simulate

    draws = draws_of(plan, draws)
    if store is not None and keep_samples:
        raise ArgumentError("store: samples cannot be kept in parts. Leave it out.")
    periods: tuple[Period, ...] = ("quarter", "year")
    if plan.calendar.quarters < QUARTERS_PER_YEAR:
        periods = ("quarter",)
    samples = None
    with shared_cluster(threads, cluster) as (threads, client):
        if keep_samples:
            samples = simulate(
                plan, draws=draws, seed=seed, threads=threads, cluster=client, progress=progress
            )
        if reads_as_team(plan):
            found = teams(plan, periods, draws, seed, threads, progress, client, store=store)
        elif samples is not None:
            found = [attainment(samples, by=period) for period in periods]
        else:
            found = summaries(
                plan, periods, draws, seed, threads, progress, cluster=client, store=store
            )
    return Answer(plan, found[0], found[1] if len(found) > 1 else None, samples)


def draws_of(plan: Scenario, stated: int | None) -> int:
    """Return the number of draws: the one stated, or as many as a plan takes by default."""
    if stated is not None:
        return stated
    return TEAM_DRAWS if reads_as_team(plan) else DRAWS


def computed(plan: Scenario) -> Answer:
    """Return what the exact twin says.

    Raises
    ------
    NotCoveredError
        Where it cannot answer at all; the message says why.
    """
    from funnelsim.twin.exact import exact

    quarterly = exact(plan)
    if plan.calendar.quarters < QUARTERS_PER_YEAR:
        return Answer(plan, quarterly, None)
    try:
        return Answer(plan, quarterly, exact(plan, by="year"))
    except NotCoveredError as reason:
        return Answer(plan, quarterly, None, no_years=str(reason))


def checked(plan: Scenario) -> tuple[Answer | None, str]:
    """Return the exact answer, or None and the reason why there is none."""
    try:
        return computed(plan), ""
    except NotCoveredError as reason:
        return None, str(reason)


def save_answer(answer: Answer, path: str) -> None:
    """Write an answer to ``.nc`` (samples where they were kept), ``.csv`` or ``.json``."""
    ending = ending_of(path)
    if ending == ".json":
        write_text(path, json_text(answer.as_json()))
    elif ending == ".csv":
        save(answer.summaries, path)
    else:
        save(answer.quarterly if answer.samples is None else answer.samples, path)
