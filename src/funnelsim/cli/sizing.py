"""The command that sizes a team: headcount."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from funnelsim.cli.delivery import Delivery
from funnelsim.cli.examples import examples
from funnelsim.cli.files import Named, Then
from funnelsim.cli.long_work import tell_memory
from funnelsim.cli.options import (
    By,
    Drawn,
    cluster_option,
    delivery_options,
    draws_options,
    scenario_options,
)
from funnelsim.cli.process import progress_bar
from funnelsim.cli.values import OneOf, Whole, folder, number_list, numbers_by_name

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.scenario.model import Scenario

DRAWS = 5_000


@examples(
    "funnelsim headcount three_segments --probability 0.8 --draws 500",
    "funnelsim headcount three_segments --segment smb --draws 500",
)
@click.command()
@scenario_options
@click.option("--probability", metavar="P,P", default="0.8,0.9", show_default=True,
              callback=number_list, help="P(plan) asked for: several with commas.")  # fmt: skip
@click.option("--segment", metavar="NAME", help="Let only this one grow. Default: each, and all.")
@click.option(
    "--by", type=OneOf(["quarter", "year"]),
    help="The plan of every quarter, or of the year. Default: the year, if the horizon has one.",
)  # fmt: skip
@click.option(
    "--period", type=Whole(), metavar="N", help="Which quarter or year. Default: every one."
)
@click.option("--hire-weeks", metavar="W,W", callback=number_list,
              help="Weeks in which further reps might be hired. Default: 0,13,26.")  # fmt: skip
@click.option(
    "--cost", "costs", metavar="KIND=COST", multiple=True, callback=numbers_by_name,
    help="What a next step costs: rep, hire, SDR, pod, activity, 'win rate', ramp, attrition or "
    "hiring; repeatable. Default: what [pay] and [economics] say.",
)  # fmt: skip
@draws_options(DRAWS, least=2)
@cluster_option
@delivery_options(
    ".csv or .json (every number), .nc (headcount only), .png (the pictures on one page)",
    ".nc", ".csv", ".json", ".png",
    picture=False,
)  # fmt: skip
@click.option(
    "--pictures", metavar="FOLDER", callback=folder, help="Also draw the pictures into a folder."
)
def headcount(
    named: Named,
    probability: list[float],
    segment: str | None,
    by: By | None,
    period: int | None,
    hire_weeks: list[float] | None,
    costs: dict[str, float],
    drawn: Drawn[int],
    cluster: str | None,
    out: Delivery,
    pictures: str | None,
) -> None:
    """Tell how many reps a plan takes, what costs it certainty, and what to do next."""
    plan = named.plan()
    from funnelsim.analysis.sizing.headcount import headcount as needed_of
    from funnelsim.analysis.sizing.next_step import next_step
    from funnelsim.analysis.team.team import team
    from funnelsim.engine.blocks import shared_cluster
    from funnelsim.report.headcount import headcount_text
    from funnelsim.results.export import as_json as as_object

    weeks = None if hire_weeks is None else [_whole(week) for week in hire_weeks]
    cushioned = out.output is not None or pictures is not None
    parts = iter(_parts(5 if cushioned else 3))
    tell_memory(plan, drawn.draws, drawn.threads, "headcount", "streamed")
    with shared_cluster(drawn.threads, cluster) as (own, client):
        asked: dict[str, Any] = {
            "draws": drawn.draws,
            "seed": drawn.seed,
            "threads": own,
            "cluster": client,
            "by": by,
            "period": period,
        }
        with progress_bar(next(parts)) as progress:
            needed = needed_of(
                plan,
                probability=probability,
                segment=segment,
                hire_weeks=weeks,
                progress=progress,
                **asked,
            )
        with progress_bar(next(parts)) as progress:
            steps = next_step(plan, costs=costs, progress=progress, **asked)
        with progress_bar(next(parts)) as progress:
            causes = team(
                plan,
                draws=drawn.draws,
                seed=drawn.seed,
                threads=own,
                cluster=client,
                by=needed.attrs["by"],
                progress=progress,
            )
        results = [needed, causes, steps]
        if cushioned:
            results += _cushioned(plan, asked, parts)
    if pictures is not None:
        from funnelsim.report.sizing_pictures import save_pictures

        for line in save_pictures(needed, steps, *results[3:], folder=pictures):
            click.echo(line, err=True)
    out.print(
        partial(as_object, *results),
        partial(_save, results),
        lambda: headcount_text(plan, needed, causes, steps),
        _then(named, plan),
    )


def _then(named: Named, plan: Scenario) -> Then:
    """Return what may be asked next: about money, where it is stated."""
    if all(segment.pay is not None for segment in plan.team.values()):
        return named.then("what a seat costs and returns", "economics")
    return named.then("the page for whoever decides", "report")


def _parts(count: int) -> list[str]:
    """Return what is worked on, part by part."""
    said = ["how many reps", "next steps", "what costs certainty", "cushion", "larger teams"]
    return [f"{k} of {count}: {each}" for k, each in enumerate(said[:count], start=1)]


def _whole(week: float) -> int:
    if week != int(week):
        raise click.BadParameter(f"'{week:g}' must be a whole week.", param_hint="--hire-weeks")
    return int(week)


def _cushioned(plan: Scenario, asked: dict[str, Any], parts: Iterator[str]) -> list[xr.Dataset]:
    """Return how much cushion the plan takes, and what a larger team evens out."""
    from funnelsim.analysis.sizing.cushion import cushion
    from funnelsim.analysis.sizing.diversification import diversification

    with progress_bar(next(parts)) as progress:
        cushions = cushion(plan, progress=progress, **asked)
    how = {key: asked[key] for key in ("draws", "seed", "threads", "cluster")}
    with progress_bar(next(parts)) as progress:
        return [cushions, diversification(plan, progress=progress, **how)]


def _save(results: list[xr.Dataset], path: str) -> None:
    """Write all numbers, or the pictures, or of a .nc file the first result."""
    from funnelsim.results.files import save

    ending = Path(path).suffix.lower()
    if ending == ".png":
        from funnelsim.report.sizing_pictures import save_page

        needed, _, *others = results
        save_page(needed, *others, path=path)
    else:
        save(results[0] if ending == ".nc" else results, path)
