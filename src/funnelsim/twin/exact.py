"""The exact twin: what the simulator estimates, computed without randomness where that is possible.

Where opportunities are independent given the parameters, the number of deals in a period has a
generating function in closed form and bookings are a compound of it; skill and market are
integrated. Shares no code with the simulator. Derived in docs/background/exact.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

import numpy as np

from funnelsim.errors import ArgumentError, NotCoveredError
from funnelsim.registry import COMPANY, CURRENCY, NUMERICAL_ERROR, QUARTER_SUMMARIES, SUMMARIES
from funnelsim.registry.dataset import dataset
from funnelsim.scenario.given import check_scenario
from funnelsim.scenario.model import Scenario
from funnelsim.twin.answers import Answers
from funnelsim.twin.fourier import Floats
from funnelsim.twin.period import PROBABILITIES
from funnelsim.twin.rep import check_seat, periods_of, rep_answers
from funnelsim.twin.team import check_team, company_answers, team_answers
from funnelsim.twin.work import Work

if TYPE_CHECKING:
    import xarray as xr

OF_A_TEAM = tuple(variable.name for variable in COMPANY if "segment" in variable.dims)
MORE = "it takes more work"  # than was asked about
OF_THE_COMPANY = tuple(variable.name for variable in COMPANY if "segment" not in variable.dims)


def exact(
    plan: Scenario,
    *,
    by: Literal["quarter", "year"] = "quarter",
    only: Collection[str] | None = None,
) -> xr.Dataset:
    """Compute the summaries of a plan without simulating it.

    Parameters
    ----------
    plan : Scenario
    by : "quarter" or "year"
        Whether each quarter is answered, or each complete year of four.
    only : collection of str, optional
        Names of the summaries wanted; by default all, those of teams and of the company where
        there is more than one seat or a plan. Fewer take less time.

    Returns
    -------
    xarray.Dataset
        The summaries of :func:`funnelsim.variables`, dims (segment, quarter | year, ...) of one
        seat of day 0, and of all seats of a segment or of the company together; each with
        ``<name>_numerical_error`` in the same unit, at most 1e-6 for probabilities and 1e-6 of the
        quota for amounts. What is not covered, of any segment, is left out and explained in
        ``attrs["refused"]``, a JSON object of name to reason.

    Raises
    ------
    NotCoveredError
        Where nothing can be answered; the message says why.
    ArgumentError
        Where the horizon has no complete year, and years are asked for, or there is no summary of
        a name.

    Notes
    -----
    Derived in docs/background/exact.md.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.Scenario(
    ...     name="Sales Math", quota={"per_quarter": 250_000}, activity={"per_quarter": 750},
    ...     stages=[{"name": "discovery", "conversion": 0.02}, {"name": "demo", "conversion": 0.6},
    ...             {"name": "won", "conversion": 1 / 3}],
    ...     deal_size={"law": "lognormal", "mean": 84_000, "cv": 0.5})
    >>> print(f"{fs.exact(plan).attainment_probability.item():.6f}")
    0.451006
    """
    return _labelled(plan, by, *_computed(plan, by, only, Work()))


def exact_value(
    plan: Scenario, name: str, by: Literal["quarter", "year"] = "quarter"
) -> tuple[Floats, Floats]:
    """Return a summary of a plan of one seat and its numerical error, (quarter | year, ...) each.

    As :func:`exact` finds it, without the labels: for who asks again and again.

    Raises
    ------
    NotCoveredError
    ArgumentError

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math")
    >>> value, error = exact_value(plan, "attainment_probability")
    >>> bool((value == exact(plan)["attainment_probability"].values[0]).all())
    True
    """
    (seat,), _, _ = _computed(plan, by, [name], Work())
    return seat.values[name], seat.errors[name]


def takes_more(
    plan: Scenario, than: float, name: str, by: Literal["quarter", "year"] = "quarter"
) -> bool:
    """Return whether a summary takes more than so many complex multiplications.

    It is begun in order to know, and given up where it does: work depends on the plan, never on
    the machine. A summary that is not covered takes none.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math")
    >>> [takes_more(plan, than, "attainment_probability") for than in (1e5, 1e7)]
    [True, False]
    """
    try:
        _computed(plan, by, [name], Work(than, MORE))
    except NotCoveredError as reason:
        return MORE in str(reason)
    return False


def _computed(
    plan: Scenario, by: Literal["quarter", "year"], only: Collection[str] | None, work: Work
) -> tuple[list[Answers], Answers, dict[str, str]]:
    """Compute summaries with no more than some work: by segment, of the company, and refusals."""
    check_scenario(plan)
    if by not in ("quarter", "year"):
        raise ArgumentError(f"by = {by!r}: must be 'quarter' or 'year'")
    of_a_rep = SUMMARIES if by == "year" else (*SUMMARIES, *QUARTER_SUMMARIES)
    known = [variable.name for variable in (*of_a_rep, *COMPANY)]
    if unknown := set(only or ()).difference(known):
        raise ArgumentError(f"only = {sorted(unknown)}: must be among {', '.join(known)}")
    is_team = plan.seats != 1 or bool(plan.segments or plan.hiring) or plan.plan is not None
    wanted = set(only if only is not None else known if is_team else known[: len(of_a_rep)])
    team = plan.team
    periods_of(next(iter(team.values())), by, (0.0,) * plan.calendar.quarters)  # or ArgumentError
    company = Answers()
    asked = wanted.difference(OF_THE_COMPANY)
    if of_company := wanted.intersection(OF_THE_COMPANY):
        company = company_answers(plan, by, of_company, work.share(0.5) if asked else work)
    segments, refused = _by_segment(plan, by, asked, work)
    refused = company.refused | refused
    if not company.values and not any(set(each.values) - set(refused) for each in segments):
        raise NotCoveredError(_said_once(refused.values()))
    return segments, company, refused


def _said_once(reasons: Iterable[str]) -> str:
    """Return reasons, each once: with the segment that it is of, or without where several are.

    Examples
    --------
    >>> _said_once(["nobody knows", "smb: nobody knows", "mid: nobody knows", "smb: nor this"])
    'nobody knows; smb: nor this'
    >>> _said_once(["nobody knows", "smb: nobody knows"])
    'smb: nobody knows'
    """
    told = list(dict.fromkeys(reasons))
    for reason in tuple(told):
        of_segments = [each for each in told if each.endswith(f": {reason}")]
        for repeated in [reason] if len(of_segments) == 1 else of_segments:
            told.remove(repeated)
    return "; ".join(told)


def _by_segment(
    plan: Scenario, by: str, asked: set[str], work: Work
) -> tuple[list[Answers], dict[str, str]]:
    """Return the answers about one seat of each segment, and about all of its seats together.

    And why others are missing. What one segment refuses is not computed for the others.
    """
    found = [Answers() for _ in plan.team]
    refused: dict[str, str] = {}

    def refuse(names: Iterable[str], segment: str, reason: str) -> None:
        for name in names:
            refused.setdefault(name, f"{segment}: {reason}" if plan.segments else reason)

    single, together = asked.difference(OF_A_TEAM), asked.intersection(OF_A_TEAM)
    for name, segment in plan.team.items():
        for names, check in ((single, check_seat), (together, check_team)):
            try:
                check(segment)
            except NotCoveredError as error:
                refuse(names, name, str(error))
    questions = [
        (answers, name, segment, names, answer)
        for names, answer in ((single, rep_answers), (together, team_answers))
        for answers, (name, segment) in zip(found, plan.team.items(), strict=True)
    ]
    for place, (answers, name, segment, names, answer) in enumerate(questions):
        if left := names.difference(refused):
            more = answer(segment, by, left, work.share(1 / (len(questions) - place)))
            answers.values |= more.values
            answers.errors |= more.errors
            for variable, reason in more.refused.items():
                refuse([variable], name, reason)
    return found, refused


def _labelled(
    plan: Scenario,
    by: str,
    segments: list[Answers],
    company: Answers,
    refused: dict[str, str],
) -> xr.Dataset:
    """Put labels on the answers."""
    from funnelsim.scenario.files import dumps

    team = plan.team.values()
    labels = {
        "stage": list(dict.fromkeys(name for each in team for name in each.stage_names)),
        "kpi": list(dict.fromkeys(kpi.name for each in team for kpi in each.kpis)),
    }
    periods = len(periods_of(next(iter(team)), by, (0.0,) * plan.calendar.quarters))
    coords = {
        "segment": list(plan.team),
        by: np.arange(1, periods + 1),
        "probability": list(PROBABILITIES),
        **labels,
        "at_least": np.arange(1, plan.calendar.quarters + 1),
    }
    arrays = {}
    for variable in (*SUMMARIES, *QUARTER_SUMMARIES, *COMPANY):
        name = variable.name
        parts = [company] if name in company.values else segments
        known = [each for each in parts if name in each.values]
        if name in refused or not known:
            continue
        dims = tuple(by if dim == "quarter" else dim for dim in variable.dims)
        unit = plan.currency if variable.unit == CURRENCY else variable.unit
        about = {"units": unit, "long_name": variable.meaning}
        for suffix, of in (("", "values"), (NUMERICAL_ERROR, "errors")):
            array = getattr(known[0], of)[name]
            if "segment" in dims:
                array = np.stack(
                    [
                        _spread(getattr(each, of).get(name), array, dims[-1], own, labels)
                        for each, own in zip(parts, team, strict=True)
                    ]
                )
            arrays[name + suffix] = (dims, array, about)
    used = {dim for dims, _, _ in arrays.values() for dim in dims}
    text = dumps(plan)
    return dataset(
        arrays,
        {name: values for name, values in coords.items() if name in used},
        {
            "title": plan.name,
            "currency": plan.currency,
            "method": "exact",
            "refused": json.dumps(refused, sort_keys=True),
            "scenario": text,
            "scenario_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "funnelsim_version": _version(),
            "numpy_version": np.__version__,
        },
    )


def _spread(
    values: Floats | None, like: Floats, dim: str, plan: Scenario, labels: dict[str, list[str]]
) -> Floats:
    """Return values of a segment by all stages or KPIs; NaN for what the segment has not."""
    if dim not in labels:
        return np.full_like(like, np.nan) if values is None else values
    out = np.full((*like.shape[:-1], len(labels[dim])), np.nan)
    own = list(plan.stage_names) if dim == "stage" else [kpi.name for kpi in plan.kpis]
    if values is not None:
        out[..., [labels[dim].index(name) for name in own]] = values
    return out


@cache
def _version() -> str:
    return version("funnelsim")
