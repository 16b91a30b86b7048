"""What a step costs: what is paid beyond the plan, draw by draw, by one rule for all of them.

Base pay and overhead while a seat is filled, SDRs, hiring in the quarter in which it comes, the
commission on what the step brings, and on-costs: the accounts of :func:`funnelsim.economics`, with
the step less without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from funnelsim.analysis.economics.accounts import account, pay_of
from funnelsim.analysis.sizing.company import Floats
from funnelsim.analysis.sizing.steps import HIRE, HIRING, POD, REP, SDR, Step
from funnelsim.engine.blocks import Samples
from funnelsim.scenario.model import Scenario


def is_priced(step: Step, segments: Mapping[str, Scenario]) -> bool:
    """Return whether a plan says all that is paid for a step.

    What more activity, a better win rate, a shorter ramp or fewer leavers take is not pay.
    """
    if step.kind not in (REP, HIRE, SDR, POD, HIRING):
        return False
    concerned = [segments[name] for name in step.changed or [str(step.segment)]]
    return all(
        each.pay is not None and (each.economics.sdr is not None or not _has_sdrs(each))
        for each in concerned
    )


def spent_on(
    step: Step,
    segments: Mapping[str, Scenario],
    own: Sequence[Samples],
    further: Sequence[Samples],
) -> Floats:
    """Return what a step costs beyond the plan, (draw, quarter), currency.

    Parameters
    ----------
    step : Step
        One that is priced.
    segments : mapping of str to Scenario
    own : sequence of Samples
        Of the segments as they are, in their order.
    further : sequence of Samples
        Of the step's own runs, and any after them.
    """
    if step.is_a_seat:
        return _seat(step, segments[str(step.segment)], further[0])
    cost: Floats = np.zeros(())
    for (name, changed), samples in zip(step.changed.items(), further, strict=False):
        before = account(segments[name], own[list(segments).index(name)])
        cost = cost + account(changed, samples).cost - before.cost
    if step.kind != HIRING:
        sdr = segments[str(step.segment)].economics.sdr
        assert sdr is not None  # noqa: S101  it is priced only where it has a cost
        cost[:, 0] += sdr.hiring_cost * step.count
    return cost


def _seat(step: Step, segment: Scenario, samples: Samples) -> Floats:
    """Return what one more rep costs; one in seat on day 0 has to be hired, too."""
    if step.kind == HIRE:
        return account(step.changed[str(step.segment)], samples, slice(-1, None)).cost
    alone = segment.model_copy(update={"headcount": 1, "hiring": ()})
    cost = account(alone, samples).cost
    cost[:, 0] += pay_of(segment).hiring_cost
    return cost


def _has_sdrs(segment: Scenario) -> bool:
    return any(source.per_sdr_week and source.sdrs_per_rep for source in segment.sources)
