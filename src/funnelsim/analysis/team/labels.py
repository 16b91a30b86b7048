"""Names, units and provenance on what draws say of a team, and why some of it is not known."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import xarray as xr

from funnelsim.analysis.attainment import NO_FOURTH_MOMENT, NO_VARIANCE, laws_of, least_shape
from funnelsim.analysis.team.company import COMPANY, TeamTally
from funnelsim.analysis.team.group import BANDS, counted
from funnelsim.analysis.team.tally import QUANTILES, SHARES, Pairs
from funnelsim.analysis.team.worlds import company_of
from funnelsim.engine.simulate import described
from funnelsim.registry import BY_NAME, NUMERICAL_ERROR, STANDARD_ERROR, TEAM
from funnelsim.registry import COMPANY as OF_COMPANY
from funnelsim.registry.dataset import dataset

VARIABLES = (BY_NAME["attainment_probability"], *OF_COMPANY, *TEAM)
NO_PLAN = "the scenario states no [plan]"
NO_COMPANY = "no segment has a quota of bookings"
NO_CAUSE = "nobody leaves, ramps or is hired late, and neither market nor numbers are uncertain"
NO_SEATS = "nobody is hired by then"
MOMENTS = ("bookings_mean", "bookings_sd", "bookings_by_source_mean")  # how their names end
UNSEEN = "unknown where the plan was always made, or never: take more draws"


def labelled(tally: TeamTally, causes: Sequence[str], attrs: dict[str, str | int]) -> xr.Dataset:
    """Return what draws say of a team as a Dataset, see :func:`funnelsim.team`."""
    answers = tally.answers()
    refused = _refused(tally, causes, answers)
    arrays: dict[str, object] = {}
    for variable in VARIABLES:
        if variable.name not in answers:
            continue
        value, error = answers[variable.name]
        dims = tuple(tally.periods.by if dim == "quarter" else dim for dim in variable.dims)
        about = described(variable, tally.plan)
        arrays[variable.name] = (dims, value, about)
        about = about | {"long_name": f"standard error of {about['long_name']}"}
        arrays[variable.name + STANDARD_ERROR] = (dims, error, about)
    if tally.targets is not None:
        about = described(BY_NAME["over_assignment"], tally.plan) | {"method": "exact"}
        quotas = [
            each.headcount * np.array(each.quotas) for each in company_of(tally.plan).values()
        ]
        over = tally.periods.sums(np.sum(quotas, axis=0)) / tally.targets
        arrays["over_assignment"] = (tally.periods.by, over, about)
        about = about | {"long_name": f"numerical error of {about['long_name']}"}
        arrays["over_assignment" + NUMERICAL_ERROR] = (tally.periods.by, 0.0 * over, about)
    return dataset(arrays, _coords(tally, causes), attrs | {"refused": json.dumps(refused)})


def _coords(tally: TeamTally, causes: Sequence[str]) -> dict[str, object]:
    """Return the labels of all dims; of segments also their seats, quotas and what they count."""
    plan, periods, groups = tally.plan, tally.periods, tally.groups
    counts = {name: counted(each) for name, each in plan.team.items()}
    seats = {name: periods.most(each).sum(axis=0) for name, each in counts.items()}
    quotas = {
        name: periods.sums(counts[name] * np.array(each.quotas)).sum(axis=0)
        for name, each in plan.team.items()
    }
    of_segment = ("segment", periods.by)
    counted_by = [plan.team[own[0]].quota.of for own in groups.values()]
    coords: dict[str, object] = {
        "segment": list(groups),
        periods.by: np.arange(1, periods.number + 1),
        "probability": list(QUANTILES),
        "share": list(SHARES),
        "band": list(BANDS),
        "source": list(tally.sources),
        "quota_of": ("segment", counted_by),
        "seats": (
            of_segment,
            np.array([sum(seats[n] for n in own) for own in groups.values()], int),
        ),
        "quota": (of_segment, np.array([sum(quotas[n] for n in own) for own in groups.values()])),
    }
    if causes:
        coords["cause"] = list(causes)
    if tally.targets is not None:
        coords["target"] = (periods.by, tally.targets, {"units": plan.currency})
    return coords


def _refused(tally: TeamTally, causes: Sequence[str], answers: Pairs) -> dict[str, str]:
    """Return by name why a number is not there, or NaN somewhere; blank what does not exist."""
    refused: dict[str, str] = {}
    for variable in VARIABLES:
        name = variable.name
        if name in answers:
            continue
        if "segment" not in variable.dims and not company_of(tally.plan):
            refused[name] = NO_COMPANY
        elif name.startswith("effect_") and not causes:
            refused[name] = NO_CAUSE
        elif tally.targets is None:
            refused[name] = NO_PLAN
    _blank_moments(tally, answers, refused)
    for name, (value, _) in answers.items():
        if np.isnan(value).any():
            refused.setdefault(name, NO_SEATS if "segment" in BY_NAME[name].dims else UNSEEN)
    return refused


def _blank_moments(tally: TeamTally, answers: Pairs, refused: dict[str, str]) -> None:
    """Blank out, and explain, what laws without enough moments do not have."""
    least = {
        name: min(least_shape(laws_of(tally.plan.team[each])) for each in own)
        for name, own in tally.groups.items()
    }
    for name, (value, error) in answers.items():
        if not name.endswith(MOMENTS):
            continue
        if "segment" in BY_NAME[name].dims:
            shape = np.array(list(least.values())).reshape(-1, *(1,) * (value.ndim - 1))
        else:
            shape = np.array(least[COMPANY])
        if name.endswith("_sd"):
            value = np.where(shape <= 2, np.nan, value)
            error = np.where(shape <= 4, np.nan, error)
            if (shape <= 2).any():
                refused[name] = NO_VARIANCE
            elif (shape <= 4).any():
                refused[name + STANDARD_ERROR] = NO_FOURTH_MOMENT
        elif (shape <= 2).any():
            error = np.where(shape <= 2, np.nan, error)
            refused[name + STANDARD_ERROR] = NO_VARIANCE
        answers[name] = value, error
