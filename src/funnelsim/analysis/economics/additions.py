"""What one more seat returns: a further rep, or a further SDR, hired in week 0 with nothing open.

A further rep is one more seat of ``hiring``. It changes no number of the others, so that what the
plan gains is what this seat books, draw by draw.

A further SDR makes ``per_sdr_week`` entries, ramped, that reps of the segment work; of several
sources with SDRs, each has as much of the further one as of those there are. It is simulated
as a seat that has no other way in; its bookings are split evenly among the reps of one pod, who are
paid commission on them on top of what they book anyway.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from funnelsim.analysis.economics.accounts import (
    COMMISSION,
    ITEMS,
    Account,
    account,
    pay_of,
    quotas_of,
    valued,
)
from funnelsim.analysis.economics.commission import commission
from funnelsim.analysis.economics.customers import MONTHS_PER_QUARTER
from funnelsim.analysis.economics.flows import Answers, Floats, Pair, Quantiles
from funnelsim.analysis.estimates import Means
from funnelsim.analysis.tally import QUARTERS_PER_YEAR, REACHES, never_certain
from funnelsim.engine.blocks import Run, Samples
from funnelsim.scenario.model import Hire, Policy, Ramp, Scenario
from funnelsim.scenario.wording import parts_of

REP, SDR = "rep", "SDR"
ADDITIONS = (REP, SDR)
MEASURES = ("bookings", "run rate", "earned", "lifetime")
IDLE = 1e-12  # activities a week


@dataclass(frozen=True)
class Addition:
    """One more seat of a segment.

    Attributes
    ----------
    segment : str
    what : str
        "rep" or "SDR".
    plan : Scenario
        The segment without it.
    run : Run or None
        What simulates it beside the segment; None for a rep, who is the segment's last seat.
    """

    segment: str
    what: str
    plan: Scenario
    run: Run | None = None


def with_one_more(segment: Scenario) -> Scenario:
    """Return a segment with one more seat, the last, filled in week 0."""
    return segment.model_copy(update={"hiring": (*segment.hiring, Hire(week=0))})


def additions_of(team: Mapping[str, Scenario]) -> list[Addition]:
    """Return what each segment can be given one more of: what books, and is paid for."""
    found = []
    for name, segment in team.items():
        if segment.quota.of != "bookings":
            continue
        found.append(Addition(name, REP, segment))
        if segment.economics.sdr is not None and _pods(segment):
            run = Run(_sdr_alone(segment), reps=0, hired=True, segment=f"{name}, further SDR")
            found.append(Addition(name, SDR, segment, run))
    return found


def account_of(addition: Addition, samples: Samples, own: Samples | None) -> Account:
    """Return the account of the addition alone, in a block of draws.

    Parameters
    ----------
    addition : Addition
    samples : Samples
        Of the segment with one more rep.
    own : Samples or None
        Of the addition's own run.
    """
    plan = addition.plan
    if own is None:
        return account(with_one_more(plan), samples, slice(-1, None))
    sdr, pay = plan.economics.sdr, pay_of(plan)
    assert sdr is not None  # noqa: S101  it is an addition only where it has a cost
    booked = np.asarray(own["bookings"][:, 0], dtype=np.float64)
    pod = slice(0, _pod_size(plan))
    reps = np.asarray(samples["bookings"][:, pod], dtype=np.float64)
    quotas = quotas_of(with_one_more(plan), samples, pod)
    shared = reps + booked[:, None] / reps.shape[1]
    more = (commission(pay, shared, quotas) - commission(pay, reps, quotas)).sum(axis=1)
    costs = np.zeros((*booked.shape, len(ITEMS)))
    costs[..., COMMISSION] = more
    costs[..., ITEMS.index("on-costs")] = pay.on_costs * more
    costs[..., ITEMS.index("sources")] = sdr.per_year / QUARTERS_PER_YEAR
    costs[:, 0, ITEMS.index("hiring")] = sdr.hiring_cost
    return valued(plan, booked, costs)


class Returns:
    """Returns and paybacks of additions, over draws.

    Parameters
    ----------
    additions : sequence of Addition
    segments : sequence of str
        Labels of the first dim of the answers.
    quarters : int
        Of the horizon.
    times : sequence of float
        Multiples of cost whose probability is asked for.
    """

    def __init__(
        self,
        additions: Sequence[Addition],
        segments: Sequence[str],
        quarters: int,
        times: Sequence[float],
    ) -> None:
        self.additions = additions
        self._places = [
            (segments.index(each.segment), ADDITIONS.index(each.what)) for each in additions
        ]
        self._segments, self._quarters = len(segments), quarters
        self._times = np.array(times, dtype=np.float64)
        self._ends = np.arange(QUARTERS_PER_YEAR, quarters + 1, QUARTERS_PER_YEAR) - 1
        self._means = [Means() for _ in additions]
        self._streams: dict[tuple[str, int, tuple[int, ...]], Quantiles] = defaultdict(Quantiles)
        self.months = (MONTHS_PER_QUARTER * (self._ends + 1)).tolist()
        self.month = [MONTHS_PER_QUARTER * (q + 1) for q in range(quarters)]

    def add(self, accounts: Sequence[Account]) -> None:
        """Take in the accounts of the additions, of a block of draws."""
        for index, (means, each) in enumerate(zip(self._means, accounts, strict=True)):
            ends = self._ends
            spent, margin = np.cumsum(each.cost, axis=1), np.cumsum(each.earned, axis=1)
            booked, lifetime = (np.cumsum(of, axis=1) for of in (each.bookings, each.lifetime))
            both = {  # gain and cost of each measure
                "bookings": (booked, spent),
                "run rate": (each.bookings, each.cost),
                "earned": (margin, spent),
                "lifetime": (lifetime, spent),
            }
            gain, cost = (
                np.stack([both[measure][k][:, ends] for measure in MEASURES], axis=-1)
                for k in range(2)
            )
            with np.errstate(divide="ignore", invalid="ignore"):
                returned = np.where(gain > 0, gain / cost, 0.0)
            net = margin - spent
            columns = {
                "gain": gain,
                "cost": cost,
                "reached": returned[..., None] >= self._times * REACHES,
                "net": net,
                "paid": np.maximum.accumulate(net >= 0, axis=1),
            }
            means.add({name: of for name, of in columns.items() if of.size})
            for name, values in (("return", returned), ("net", net), ("back", payback_months(net))):
                for place in np.ndindex(values.shape[1:]):
                    self._streams[name, index, place].add(values[(slice(None), *place)])

    def answers(self) -> Answers:
        """Return estimates and their standard errors, dims as in the registry."""
        if not self.additions:
            return {}
        found = [self._answers(index, means) for index, means in enumerate(self._means)]
        return {name: self._placed([each[name] for each in found]) for name in found[0]}

    def _answers(self, index: int, m: Means) -> Answers:
        quarters = (self._quarters,)
        answers = {
            "addition_net_mean": m["net"].pair,
            "addition_net_quantile": self._quantiles("net", index, quarters),
            "payback_probability": never_certain(m["paid"].pair, m.draws),
            "payback_quantile": self._quantiles("back", index, ()),
        }
        if not self._ends.size:  # no whole year
            return answers
        whole = MEASURES.index("bookings")
        return answers | {
            "addition_bookings_mean": m["gain"][:, whole].pair,
            "addition_cost_mean": m["cost"][:, whole].pair,
            "return_of_means": (m["gain"] / m["cost"]).pair,
            "return_quantile": self._quantiles("return", index, (self._ends.size, len(MEASURES))),
            "return_probability": never_certain(m["reached"].pair, m.draws),
        }

    def _quantiles(self, name: str, index: int, shape: tuple[int, ...]) -> Pair:
        pairs = [self._streams[name, index, place].estimates() for place in np.ndindex(shape)]
        value, error = (np.stack([pair[k] for pair in pairs]) for k in range(2))
        return value.reshape(*shape, -1), error.reshape(*shape, -1)

    def _placed(self, pairs: Sequence[Pair]) -> Pair:
        """Return the pairs of all additions by segment and kind; not a number elsewhere."""
        placed = []
        for k in range(2):
            shape = (self._segments, len(ADDITIONS), *pairs[0][k].shape)
            whole = np.full(shape, np.nan)
            for place, pair in zip(self._places, pairs, strict=True):
                whole[place] = pair[k]
            placed.append(whole)
        return placed[0], placed[1]


def payback_months(net: Floats) -> Floats:
    """Return the months until margins earned first make up for all costs, (draw,); inf for never.

    Parameters
    ----------
    net : (draw, quarter) float, currency
        Margin earned less costs, from the hire to the end of each quarter. Between the ends of two
        quarters it is taken as a straight line; a first quarter that pays itself takes 3 months.

    Examples
    --------
    >>> payback_months(np.array([[-20.0, -10.0, 10.0], [-20.0, -30.0, -5.0], [1.0, 2.0, 3.0]]))
    array([7.5, inf, 3. ])
    """
    paid = net >= 0
    first = np.argmax(paid, axis=1)
    rows = np.arange(len(net))
    after, before = net[rows, first], net[rows, np.maximum(first - 1, 0)]
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(first > 0, -before / (after - before), 1.0)
    months = MONTHS_PER_QUARTER * (first + part)
    return np.asarray(np.where(paid.any(axis=1), months, np.inf))


def _pods(segment: Scenario) -> float:
    """Return the SDRs for each rep."""
    return sum(source.sdrs_per_rep or 0.0 for source in segment.sources)


def _pod_size(segment: Scenario) -> int:
    """Return the reps who share an SDR, of those there are on day 0."""
    return max(min(round(1 / _pods(segment)), segment.headcount), 1)


def _sdr_alone(segment: Scenario) -> Scenario:
    """Return a segment whose only seat is an SDR hired in week 0, and what becomes of the entries.

    The SDR is split among sources as those of the reps are. The seat does no activity of its own: a
    level of which nothing comes in any draw.
    """
    assert segment.economics.sdr is not None  # noqa: S101  it is an addition only where it has a cost
    ramp = segment.economics.sdr.ramp_weeks
    sources = tuple(
        source.model_copy(
            update={
                "per_week": (source.per_sdr_week or 0.0)
                * (source.sdrs_per_rep or 0.0)
                / _pods(segment),
                "per_sdr_week": None,
                "sdrs_per_rep": None,
            }
        )
        for source in segment.sources
    )
    worked = [("sources", source.name) for source in sources if source.rate_per_week > 0]
    level = {"per_week": IDLE, "per_quarter": None, "reference_per_week": IDLE}
    return segment.model_copy(
        update={
            "activity": segment.activity.model_copy(update=level),
            "effort": None,
            "policy": Policy(),
            "windfall": None,
            "kpis": (),
            "sources": sources,
            "uncertainty": {
                path: each
                for path, each in segment.uncertainty.items()
                if (parts_of(path) or ("",))[0] in ("stages", "deal_size", "assists")
                or (parts_of(path) or ())[:2] in worked
            },
            "ramp": Ramp(weeks=ramp) if ramp else None,
            "attrition": None,
            "headcount": 0,
            "hiring": (Hire(week=0),),
        }
    )
