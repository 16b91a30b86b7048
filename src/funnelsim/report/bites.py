"""How do you eat an elephant: what a goal takes by quarter, month, week and day."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from funnelsim.report.levers import goal_head
from funnelsim.report.numbers import scale_of
from funnelsim.report.screen import Line, detail
from funnelsim.report.text import table
from funnelsim.report.told import Exact, Number, Told, filled

if TYPE_CHECKING:
    from funnelsim.analysis.chances import Goal
    from funnelsim.scenario.model import Scenario

MEANING = (
    "On paper: the Sales Math, quota over mean deal worked back through the funnel. A bite is the "
    "mean at that level of activity: some quarters take more, some less."
)


def bites_lines(plan: Scenario, goal: Goal, told: Told) -> Iterator[Line]:
    """Yield what a goal takes at several certainties, beside the Sales Math on paper."""
    certainties = [float(str(each)) for each in told.labels("certainty")]
    steps = [str(step) for step in told.labels("step")]
    periods = [str(period) for period in told.labels("period")]
    paper = told.get("paper_probability")
    heads = [f"{100 * each:g} % sure" for each in certainties]
    said = f"What the quota takes on paper makes it with {paper.percent} certainty."
    if goal.amount is not None:
        said = (
            "On paper the plan's own quota is worked back, not the amount: that much activity "
            f"makes the amount with {paper.percent} certainty."
        )
    yield from filled(f"In bites. {said}")
    size, letter = scale_of(told.get("paper_pipeline", period=periods[-1]).value)
    unit = f"{plan.currency} {letter}".rstrip()
    rows = [["", "on paper", *heads]]
    rows.append(
        [f"{goal_head(goal)}, %", paper.of_100]
        + [told.get("bite_probability", certainty=each).of_100 for each in certainties]
    )
    for period in periods:
        rows.append([f"a {period}"])
        for step in steps:
            bites = [
                told.get("bite", certainty=each, step=step, period=period) for each in certainties
            ]
            own = told.get("paper_bite", step=step, period=period)
            rows.append([f"  {step}", _short(own.value), *(_shown(each) for each in bites)])
        pipeline = told.get("paper_pipeline", period=period).over(size)
        bites = [
            told.get("bite_pipeline", certainty=each, period=period).over(size)
            for each in certainties
        ]
        rows.append([f"  pipeline, {unit}", _short(pipeline.value), *map(_shown, bites)])
    yield from table(rows)
    yield from detail("what words mean", filled(MEANING))


def _shown(bite: Number) -> str:
    """Return a bite to three digits, or to the first digit of its error."""
    if isinstance(bite, Exact) or not bite.known or not bite.error > 0:
        return _short(bite.value)
    digits = max(-math.floor(math.log10(bite.error)), 0)
    return f"{bite.value:,.{digits}f}±{bite.error:,.{digits}f}"


def _short(value: float) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
