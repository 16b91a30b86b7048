"""Commands that say what a goal takes: solve, coverage, quota, mix."""

from __future__ import annotations

import click

from funnelsim.cli import completion
from funnelsim.cli.delivery import Delivery
from funnelsim.cli.examples import examples
from funnelsim.cli.files import Named
from funnelsim.cli.options import (
    Drawn,
    Method,
    Wanted,
    attain_option,
    delivery_options,
    draws_options,
    goal_options,
    method_option,
    named_options,
    scenario_options,
)
from funnelsim.cli.process import progress_bar
from funnelsim.cli.values import Whole, number_list, numbers_by_name, range_of_two

ACTIVITY = ("activity.per_quarter", "activity.per_week")
DRAWS = 100_000
CERTAINTIES = (0.5, 0.8, 0.9)


@examples(
    "funnelsim solve sales_math --for activity.per_quarter --attain 0.8",
    "funnelsim solve sales_math --for stages.won.conversion --at-least 3",
    "funnelsim solve sales_math --for activity.per_quarter --bites",
)
@click.command()
@scenario_options
@click.option("--for", "path", metavar="PATH", required=True, help="The lever that is solved for.",
              shell_complete=completion.paths)  # fmt: skip
@attain_option
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
    named: Named,
    path: str,
    attain: float,
    wanted: Wanted,
    within: tuple[float, float] | None,
    in_bites: bool,
    method: Method,
    drawn: Drawn[int],
    out: Delivery,
) -> None:
    """Tell what it takes of a lever to be so sure of a goal."""
    if in_bites and path not in ACTIVITY:
        raise click.UsageError(f"--bites are of activity. Solve --for {ACTIVITY[0]}.")
    if in_bites and out.ending == ".nc":
        raise click.UsageError("-o: a .nc file has no room for bites. Write .csv or .json.")
    plan = named.plan()
    from funnelsim.analysis.solve.bites import bites
    from funnelsim.analysis.solve.solve import solve as solved
    from funnelsim.report.solve import solve_text

    goal = wanted.goal()
    with progress_bar(f"1 of {1 + in_bites}: what it takes") as progress:
        told = solved(
            plan,
            path,
            attain=attain,
            at_least=wanted.at_least,
            amount=wanted.amount,
            by=wanted.by,
            within=within,
            method=method,
            draws=drawn.draws,
            seed=drawn.seed,
            threads=drawn.threads,
            progress=progress,
        )
    results = [told]
    if in_bites:
        with progress_bar("2 of 2: bites") as progress:
            bitten = bites(
                plan,
                certainty=_certainties(attain),
                at_least=wanted.at_least,
                amount=wanted.amount,
                by=wanted.by,
                method=method,
                draws=drawn.draws,
                seed=drawn.seed,
                threads=drawn.threads,
                progress=progress,
            )
        results.append(bitten)
    then = named.then("which lever moves it most", "sensitivity", *wanted.words())
    if told.attrs["outcome"] == "found":
        value = f"{path}={told['solved_value'].item():.6g}"
        then = named.then("a plan with that", "simulate", "--set", value)
    out.deliver(results, lambda: solve_text(plan, goal, *results), "solve.curve", then)


def _certainties(attain: float) -> list[float]:
    """Return the usual certainties, the one that was asked for in place of its neighbour."""
    near = min(CERTAINTIES, key=lambda each: abs(each - attain))
    return sorted({attain, *(each for each in CERTAINTIES if each != near)})


@examples(
    "funnelsim coverage",
    "funnelsim coverage enterprise --certainty 0.8 --win-rate 0.2,0.25,0.3",
)
@click.command()
@named_options(default="sales_math")
@click.option("--certainty", metavar="C,C", callback=number_list, help="Default: 0.5,0.8,0.9.")
@click.option("--win-rate", metavar="R,R", callback=number_list, help="Of the table's columns.")
@click.option("--deals", metavar="N,N", callback=number_list, help="Mean deals in the quota: rows.")
@delivery_options(".nc, .csv or .json, every number")
def coverage(
    named: Named,
    certainty: list[float] | None,
    win_rate: list[float] | None,
    deals: list[float] | None,
    out: Delivery,
) -> None:
    """Tell how much pipeline is enough, in place of three times the quota.

    FILE says the law of deal sizes. Default: sales_math
    """
    plan = named.plan()
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
@click.option("--reps", type=Whole(), metavar="N", help="In a team of so many reps.")
@click.option("--probability", type=float, metavar="P", help="How sure, of a team.")
@method_option
@draws_options(DRAWS)
@delivery_options(".nc, .csv or .json, every number")
def quota(
    named: Named,
    share: list[float],
    reps: int | None,
    probability: float | None,
    method: Method,
    drawn: Drawn[int],
    out: Delivery,
) -> None:
    """Tell the largest quota that a share of reps makes."""
    if (reps is None) != (probability is None):
        raise click.UsageError("--reps and --probability belong together: state both or none.")
    plan = named.plan()
    from funnelsim.analysis.solve.quota import quota_for
    from funnelsim.report.enough import quota_text

    with progress_bar("quotas") as progress:
        told = quota_for(
            plan,
            share=share,
            reps=reps,
            certainty=probability,
            method=method,
            draws=drawn.draws,
            seed=drawn.seed,
            threads=drawn.threads,
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
@attain_option
@goal_options
@delivery_options(".nc, .csv or .json, every number")
def mix(
    named: Named,
    costs: dict[str, float],
    limits: dict[str, float],
    attain: float,
    wanted: Wanted,
    out: Delivery,
) -> None:
    """Tell the cheapest mix of levers that reaches a goal."""
    plan = named.plan()
    from funnelsim.analysis.solve.mix import cheapest_mix
    from funnelsim.report.enough import mix_text

    goal = wanted.goal()
    told = cheapest_mix(
        plan,
        costs,
        attain=attain,
        at_least=wanted.at_least,
        amount=wanted.amount,
        by=wanted.by,
        limits=limits or None,
    )
    out.deliver([told], lambda: mix_text(plan, goal, told), "mix.mix")
