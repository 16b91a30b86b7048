"""The demo: what a plan takes on paper, what it gives, and what certainty takes, on one screen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funnelsim.analysis.answers import Answer, computed, simulated
from funnelsim.analysis.solve.solve import sales_math, solve
from funnelsim.analysis.sweep.sweep import sweep
from funnelsim.registry import STANDARD_ERROR
from funnelsim.report.numbers import money, of_ten, percent
from funnelsim.report.text import table
from funnelsim.scenario.files import preset
from funnelsim.writing import whole_file

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.scenario.model import Scenario

ACTIVITY = "activity.per_quarter"
GOAL = 0.80
POINTS = 18  # of the curve: enough to look smooth

NEXT = """\
Try next
  funnelsim new my_plan.toml              a commented file to make your own
  funnelsim simulate sales_math --set activity.per_quarter=1000
  funnelsim exact sales_math --variant windfalls"""


@dataclass(frozen=True)
class Demo:
    """The numbers of the demo.

    Attributes
    ----------
    on_paper : dict of str to int
        Counts that the quota takes, from the win back to the activities.
    exact, simulated : Answer
        The plan.
    exact_if_fixed, simulated_if_fixed : Answer
        A quarter of the plan if every deal were the mean deal.
    enough : float
        Activities a quarter that make quota with probability ``GOAL``.
    """

    plan: Scenario
    on_paper: dict[str, int]
    exact: Answer
    simulated: Answer
    exact_if_fixed: Answer
    simulated_if_fixed: Answer
    enough: float


def demo(*, draws: int, seed: int, threads: int | None = None) -> Demo:
    """Return the numbers of the Sales Math, exact and simulated.

    Deals close at once here: in a steady start the length of the cycle changes none of these
    numbers, and without it the exact twin answers for many levels of activity in no time.
    """
    plan = preset("sales_math").replace({"stages.demo.days": 0, "stages.won.days": 0})
    fixed = plan.variant("fixed sizes").replace({"calendar.quarters": 1})
    return Demo(
        plan=plan,
        on_paper=sales_math(plan),
        exact=computed(plan),
        simulated=simulated(plan, draws=draws, seed=seed, threads=threads, keep_samples=True),
        exact_if_fixed=computed(fixed),
        simulated_if_fixed=simulated(fixed, draws=draws, seed=seed, threads=threads),
        enough=solve(plan, ACTIVITY, attain=GOAL)["solved_value"].item(),
    )


def demo_text(demo: Demo, picture: str) -> str:
    """Return the demo's screen: at most 24 lines of 80 columns."""
    plan, currency = demo.plan, demo.plan.currency
    quota, deal = plan.quotas[0], plan.deal_size.mean_of_all
    steps = " <- ".join(f"{count} {name}" for name, count in demo.on_paper.items())
    activities = demo.on_paper["activities"]
    often = float(demo.exact.quarterly["attainment_probability"][0, 0])
    quarters = plan.calendar.quarters
    rows = [
        [f"What {activities:,} activities a quarter give", "exact", "simulated"],
        _row("  quota made in a quarter", demo.exact.quarterly, demo.simulated.quarterly),
        _row(
            f"  the same if every deal were {money(deal, currency)}",
            demo.exact_if_fixed.quarterly,
            demo.simulated_if_fixed.quarterly,
        ),
        _row(
            f"  quota made in all {quarters} quarters",
            demo.exact.quarterly,
            demo.simulated.quarterly,
            "at_least_probability",
            quarters - 1,
        ),
        _row(
            f"  the year's {money(sum(plan.quotas), currency)} made",
            demo.exact.yearly,
            demo.simulated.yearly,
        ),
    ]
    more = math.ceil(demo.enough)
    further = 100 * (more / activities - 1)
    attrs = demo.simulated.quarterly.attrs
    return f"""\
{plan.name}: a quota of {money(quota, currency)} a quarter, deals of {money(deal, currency)}
On paper it takes {steps}.

{chr(10).join(table(rows))}
  ({attrs["draws"]:,} draws, seed {attrs["seed"]}; ± is the standard error)

Right on average, it is a coin flip: {of_ten(often, "quarters")} make quota.
Making it in {10 * GOAL:.0f} of 10 takes {more:,} activities, {further:.0f} % more.

Picture: {picture}

{NEXT}"""


def _row(
    label: str,
    exact: xr.Dataset | None,
    simulated: xr.Dataset | None,
    name: str = "attainment_probability",
    index: int = 0,
) -> list[str]:
    assert exact is not None  # noqa: S101  the Sales Math has a whole year
    assert simulated is not None  # noqa: S101
    value, error = (
        float(simulated[each].values[0, index]) for each in (name, name + STANDARD_ERROR)
    )
    return [label, percent(float(exact[name].values[0, index])), percent(value, error)]


def save_picture(demo: Demo, path: str) -> None:
    """Draw the demo's picture into a ``.png`` file, whole or not at all."""
    from funnelsim.report.plots import attainment

    activities = demo.on_paper["activities"]
    levels = [2.4 * activities * (k + 0.5) / POINTS for k in range(POINTS)]
    swept = sweep(demo.plan, {ACTIVITY: levels}, metrics=["attainment_probability"])
    curve = swept.isel(segment=0).mean("quarter").rename({ACTIVITY: "activities"})
    samples = demo.simulated.samples
    assert samples is not None  # noqa: S101  demo() kept them
    figure = attainment.demo(samples, curve, now=activities, goal=(demo.enough, GOAL))
    with whole_file(path) as part:
        figure.savefig(part, format="png")
