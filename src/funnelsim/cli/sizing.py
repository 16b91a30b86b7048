"""The command that sizes a team: headcount."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from funnelsim.cli.examples import examples
from funnelsim.cli.files import deliver, plan_of
from funnelsim.cli.options import (
    OneOf,
    cluster_option,
    draws_options,
    ending,
    folder,
    json_option,
    number_list,
    numbers_by_name,
    scenario_options,
)
from funnelsim.cli.process import progress_bar

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.scenario.model import Scenario

By = Literal["quarter", "year"]

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
@click.option("--period", type=int, metavar="N", help="Which quarter or year. Default: every one.")
@click.option("--hire-weeks", metavar="W,W", callback=number_list,
              help="Weeks in which further reps might be hired. Default: 0,13,26.")  # fmt: skip
@click.option(
    "--cost", "costs", metavar="KIND=COST", multiple=True, callback=numbers_by_name,
    help="What a next step costs: rep, hire, SDR, pod, activity, 'win rate', ramp, attrition or "
    "hiring; repeatable. Default: what [pay] and [economics] say.",
)  # fmt: skip
@draws_options(DRAWS)
@cluster_option
@json_option
@click.option(
    "-o", "--output", metavar="OUT", callback=ending(".nc", ".csv", ".json", ".png"),
    help="Also write a file: .csv or .json (every number), .nc (headcount only), .png (the "
    "pictures on one page).",
)  # fmt: skip
@click.option(
    "--pictures", metavar="FOLDER", callback=folder, help="Also draw the pictures into a folder."
)
def headcount(
    file: str,
    changes: tuple[str, ...],
    variant: str | None,
    probability: list[float],
    segment: str | None,
    by: By | None,
    period: int | None,
    hire_weeks: list[float] | None,
    costs: dict[str, float],
    draws: int,
    seed: int,
    threads: int | None,
    cluster: str | None,
    as_json: bool,
    output: str | None,
    pictures: str | None,
) -> None:
    """Tell how many reps a plan takes, what costs it certainty, and what to do next."""
    plan = plan_of(file, changes, variant)
    from funnelsim.analysis.sizing.headcount import headcount as needed_of
    from funnelsim.analysis.sizing.next_step import next_step
    from funnelsim.analysis.team.team import team
    from funnelsim.engine.blocks import shared_cluster
    from funnelsim.report.headcount import headcount_text
    from funnelsim.results.export import as_json as as_object

    weeks = None if hire_weeks is None else [_whole(week) for week in hire_weeks]
    with shared_cluster(threads, cluster) as (own, client):
        asked: dict[str, Any] = {
            "draws": draws,
            "seed": seed,
            "threads": own,
            "cluster": client,
            "by": by,
            "period": period,
        }
        with progress_bar() as progress:
            needed = needed_of(
                plan,
                probability=probability,
                segment=segment,
                hire_weeks=weeks,
                progress=progress,
                **asked,
            )
        with progress_bar() as progress:
            steps = next_step(plan, costs=costs, progress=progress, **asked)
        with progress_bar() as progress:
            causes = team(
                plan,
                draws=draws,
                seed=seed,
                threads=own,
                cluster=client,
                by=needed.attrs["by"],
                progress=progress,
            )
        results = [needed, causes, steps]
        if output is not None or pictures is not None:
            results += _cushioned(plan, asked)
    if pictures is not None:
        from funnelsim.report.sizing_pictures import save_pictures

        for line in save_pictures(needed, steps, *results[3:], folder=pictures):
            click.echo(line, err=True)
    deliver(
        partial(as_object, *results),
        partial(_save, results),
        output,
        as_json,
        lambda: headcount_text(plan, needed, causes, steps),
    )


def _whole(week: float) -> int:
    if week != int(week):
        raise click.BadParameter(f"'{week:g}' must be a whole week.", param_hint="--hire-weeks")
    return int(week)


def _cushioned(plan: Scenario, asked: dict[str, Any]) -> list[xr.Dataset]:
    """Return how much cushion the plan takes, and what a larger team evens out."""
    from funnelsim.analysis.sizing.cushion import cushion
    from funnelsim.analysis.sizing.diversification import diversification

    with progress_bar() as progress:
        cushions = cushion(plan, progress=progress, **asked)
    how = {key: asked[key] for key in ("draws", "seed", "threads", "cluster")}
    with progress_bar() as progress:
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
