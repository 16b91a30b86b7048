"""Commands that say what a goal takes: solve, coverage, quota, mix."""

from __future__ import annotations

from typing import Literal

import click

from funnelsim.cli import completion
from funnelsim.cli.examples import examples
from funnelsim.cli.files import Delivery, plan_of
from funnelsim.cli.options import (
    delivery_options,
    draws_options,
    goal_options,
    method_option,
    number_list,
    numbers_by_name,
    range_of_two,
    scenario_options,
    set_option,
    variant_option,
)
from funnelsim.cli.process import progress_bar

Method = Literal["auto", "exact", "simulated"]
By = Literal["quarter", "year"]

ACTIVITY = ("activity.per_quarter", "activity.per_week")
DRAWS = 100_000
CERTAINTIES = (0.5, 0.8, 0.9)

_attain_option = click.option(
    "--attain", type=float, default=0.80, show_default=True, help="How sure: a probability."
)


@examples(
    "funnelsim solve sales_math --for activity.per_quarter --attain 0.8",
    "funnelsim solve sales_math --for stages.won.conversion --at-least 3",
    "funnelsim solve sales_math --for activity.per_quarter --bites",
)
@click.command()
@scenario_options
@click.option("--for", "path", metavar="PATH", required=True, help="The lever that is solved for.",
              shell_complete=completion.paths)  # fmt: skip
@_attain_option
@goal_options
@click.option(
    "--within", metavar="LOW:HIGH", callback=range_of_two, help="Where to look. Default: anywhere."
)
@click.option(
    "--bites", "in_bites", is_flag=True,
    help="Of activity: also by quarter, month, week and day, beside the Sales Math.",
)  # fmt: skip
@method_option
@draws_options(DRAWS)
@delivery_options(".nc, .csv or .json, every number")
def solve(
    file: str,
    changes: tuple[str, ...],
    variant: str | None,
    path: str,
    attain: float,
    at_least: int | None,
    amount: float | None,
    by: By,
    within: tuple[float, float] | None,
    in_bites: bool,
    method: Method,
    draws: int,
    seed: int,
    threads: int | None,
    out: Delivery,
) -> None:
    """Tell what it takes of a lever to be so sure of a goal."""
    if in_bites and path not in ACTIVITY:
        raise click.UsageError(f"--bites are of activity. Solve --for {ACTIVITY[0]}.")
    if in_bites and out.ending == ".nc":
        raise click.UsageError("-o: a .nc file has no room for bites. Write .csv or .json.")
    plan = plan_of(file, changes, variant)
    from funnelsim.analysis.chances import Goal
    from funnelsim.analysis.solve.bites import bites
    from funnelsim.analysis.solve.solve import solve as solved
    from funnelsim.report.solve import solve_text

    goal = Goal(at_least=at_least, amount=amount, by=by)
    with progress_bar() as progress:
        told = solved(
            plan,
            path,
            attain=attain,
            at_least=at_least,
            amount=amount,
            by=by,
            within=within,
            method=method,
            draws=draws,
            seed=seed,
            threads=threads,
            progress=progress,
        )
        results = [told]
        if in_bites:
            results.append(
                bites(
                    plan,
                    certainty=_certainties(attain),
                    at_least=at_least,
                    amount=amount,
                    by=by,
                    method=method,
                    draws=draws,
                    seed=seed,
                    threads=threads,
                    progress=progress,
                )
            )
    out.deliver(results, lambda: solve_text(plan, goal, *results), "solve.curve")


def _certainties(attain: float) -> list[float]:
    """Return the usual certainties, the one that was asked for in place of its neighbour."""
    near = min(CERTAINTIES, key=lambda each: abs(each - attain))
    return sorted({attain, *(each for each in CERTAINTIES if each != near)})


@examples(
    "funnelsim coverage",
    "funnelsim coverage enterprise --certainty 0.8 --win-rate 0.2,0.25,0.3",
)
@click.command()
@click.argument("file", default="sales_math", shell_complete=completion.files)
@set_option
@variant_option()
@click.option("--certainty", metavar="C,C", callback=number_list, help="Default: 0.5,0.8,0.9.")
@click.option("--win-rate", metavar="R,R", callback=number_list, help="Of the table's columns.")
@click.option("--deals", metavar="N,N", callback=number_list, help="Mean deals in the quota: rows.")
@delivery_options(".nc, .csv or .json, every number")
def coverage(
    file: str,
    changes: tuple[str, ...],
    variant: str | None,
    certainty: list[float] | None,
    win_rate: list[float] | None,
    deals: list[float] | None,
    out: Delivery,
) -> None:
    """Tell how much pipeline is enough, in place of three times the quota.

    FILE says the law of deal sizes. Default: sales_math
    """
    plan = plan_of(file, changes, variant)
    from funnelsim.analysis.solve.coverage import DEALS, WIN_RATES
    from funnelsim.analysis.solve.coverage import coverage as covered
    from funnelsim.report.enough import coverage_text

    told = covered(
        plan,
        certainty=certainty or CERTAINTIES,
        win_rate=win_rate or WIN_RATES,
        deals=deals or DEALS,
    )
    out.deliver([told], lambda: coverage_text(plan, told), "coverage.coverage")


@examples(
    "funnelsim quota sales_math --share 0.6,0.8",
    "funnelsim quota sales_math --reps 20 --probability 0.9",
)
@click.command()
@scenario_options
@click.option("--share", metavar="S,S", default="0.6", show_default=True, callback=number_list,
              help="Of the reps, or of the quarters of one: several with commas.")  # fmt: skip
@click.option("--reps", type=int, metavar="N", help="In a team of so many reps.")
@click.option("--probability", type=float, metavar="P", help="How sure, of a team.")
@method_option
@draws_options(DRAWS)
@delivery_options(".nc, .csv or .json, every number")
def quota(
    file: str,
    changes: tuple[str, ...],
    variant: str | None,
    share: list[float],
    reps: int | None,
    probability: float | None,
    method: Method,
    draws: int,
    seed: int,
    threads: int | None,
    out: Delivery,
) -> None:
    """Tell the largest quota that a share of reps makes."""
    if (reps is None) != (probability is None):
        raise click.UsageError("--reps and --probability belong together: state both or none.")
    plan = plan_of(file, changes, variant)
    from funnelsim.analysis.solve.quota import quota_for
    from funnelsim.report.enough import quota_text

    with progress_bar() as progress:
        told = quota_for(
            plan,
            share=share,
            reps=reps,
            certainty=probability,
            method=method,
            draws=draws,
            seed=seed,
            threads=threads,
            progress=progress,
        )
    out.deliver([told], lambda: quota_text(plan, told), "quota.quota")


@examples(
    "funnelsim mix sales_math --cost activity.per_quarter=100 --cost stages.won.conversion=400_000",
)
@click.command()
@scenario_options
@click.option(
    "--cost", "costs", metavar="PATH=COST", multiple=True, required=True, callback=numbers_by_name,
    help="What a unit of a lever costs; repeatable. A conversion's unit is 1: 0.01 is a hundredth.",
)  # fmt: skip
@click.option(
    "--limit", "limits", metavar="PATH=VALUE", multiple=True, callback=numbers_by_name,
    help="How far a lever can go; repeatable.",
)  # fmt: skip
@_attain_option
@goal_options
@delivery_options(".nc, .csv or .json, every number")
def mix(
    file: str,
    changes: tuple[str, ...],
    variant: str | None,
    costs: dict[str, float],
    limits: dict[str, float],
    attain: float,
    at_least: int | None,
    amount: float | None,
    by: By,
    out: Delivery,
) -> None:
    """Tell the cheapest mix of levers that reaches a goal."""
    plan = plan_of(file, changes, variant)
    from funnelsim.analysis.chances import Goal
    from funnelsim.analysis.solve.mix import cheapest_mix
    from funnelsim.report.enough import mix_text

    goal = Goal(at_least=at_least, amount=amount, by=by)
    told = cheapest_mix(
        plan, costs, attain=attain, at_least=at_least, amount=amount, by=by, limits=limits or None
    )
    out.deliver([told], lambda: mix_text(plan, goal, told), "mix.mix")
