"""The command about money: what selling costs and returns."""

from __future__ import annotations

import click

from funnelsim.cli.delivery import Delivery
from funnelsim.cli.examples import examples
from funnelsim.cli.files import Named
from funnelsim.cli.options import By, Drawn, delivery_options, draws_options, scenario_options
from funnelsim.cli.process import progress_bar
from funnelsim.cli.values import OneOf, number_list

DRAWS = 20_000


@examples(
    "funnelsim economics three_segments --draws 2000",
    "funnelsim economics three_segments --by quarter --draws 2000",
)
@click.command()
@scenario_options
@click.option(
    "--by", type=OneOf(["quarter", "year"]),
    help="Periods of bookings and costs. Default: years, where the horizon has one.",
)  # fmt: skip
@click.option(
    "--budget", type=float, metavar="B",
    help="Commission of a quarter. Default: the variable pay of all seats at quota.",
)  # fmt: skip
@click.option(
    "--times", metavar="T,T", default="1,2,3,4,5", show_default=True, callback=number_list,
    help="Multiples of its cost that one more seat may return.",
)  # fmt: skip
@click.option(
    "--side-by-side", is_flag=True,
    help="Instead: the plan and its variants, by what they contribute. Hiring paces, for instance.",
)  # fmt: skip
@draws_options(DRAWS, least=2)
@delivery_options(".nc, .csv or .json, every number")
def economics(
    named: Named,
    by: By | None,
    budget: float | None,
    times: list[float],
    side_by_side: bool,
    drawn: Drawn[int],
    out: Delivery,
) -> None:
    """Tell what selling costs and returns: the team's, and that of one more seat.

    Every segment states [pay]; [economics] says what a sale is worth.
    """
    plan = named.plan()
    if side_by_side:
        if not plan.variants:
            raise click.UsageError("--side-by-side: the plan has no variants.")
        from funnelsim.analysis.economics.contribution import contribution
        from funnelsim.report.contribution import contribution_text

        plans = {"as is": plan} | {name: plan.variant(name) for name in plan.variants}
        with progress_bar("plans in money") as progress:
            compared = contribution(
                plans,
                draws=drawn.draws,
                seed=drawn.seed,
                threads=drawn.threads,
                progress=progress,
            )
        out.deliver(
            [compared],
            lambda: contribution_text(plan, compared),
            "economics.paces",
            named.then("what each does for the plan", "compare"),
        )
        return
    from funnelsim.analysis.answers import QUARTERS_PER_YEAR
    from funnelsim.analysis.economics.economics import economics as reckoned
    from funnelsim.report.economics import economics_text

    if by is None:
        by = "year" if plan.calendar.quarters >= QUARTERS_PER_YEAR else "quarter"
    with progress_bar("costs and returns") as progress:
        told = reckoned(
            plan,
            draws=drawn.draws,
            seed=drawn.seed,
            by=by,
            budget=budget,
            times=times,
            threads=drawn.threads,
            progress=progress,
        )
    out.deliver(
        [told],
        lambda: economics_text(plan, told),
        "economics.payback",
        named.then("how many reps it takes", "headcount"),
    )
