"""Names, units and provenance on what several teams do, and why some of it is not known."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import xarray as xr

from funnelsim.analysis.attainment import NO_FOURTH_MOMENT, NO_VARIANCE, laws_of, least_shape
from funnelsim.analysis.compare.changes import changes_between
from funnelsim.analysis.tally import QUARTERS_PER_YEAR
from funnelsim.analysis.team.company import COMPANY
from funnelsim.analysis.team.labels import NO_COMPANY, NO_PLAN, NO_SEATS, UNSEEN
from funnelsim.analysis.team.paired import Compared, Pair
from funnelsim.analysis.team.tally import QUANTILES
from funnelsim.engine.simulate import described, provenance
from funnelsim.registry import (
    BY_NAME,
    COMPARED_BY_PERIOD,
    COMPARED_TEAMS,
    DIFFERENCE,
    STANDARD_ERROR,
)
from funnelsim.registry.dataset import dataset
from funnelsim.scenario.files import dumps

if TYPE_CHECKING:
    from funnelsim.analysis.team.side_by_side import Teams

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SHARED_LUCK = (
    "All scenarios see the same worlds: the market, what is uncertain and the luck of every seat "
    "are the same wherever scenarios agree, by name of the segment. Errors of differences depend "
    "on that, no value does."
)
NOT_RANKED = "of teams, differences from the first plan are told, no ranking"
NO_YEAR = f"a horizon of fewer than {QUARTERS_PER_YEAR} quarters has no complete year"
NEAR_A_STEP = "no normal law holds where few draws tell, or near a step of a law of few amounts"
TOO_FEW = "fewer than 2 of the draws missed: more draws would tell"


def labelled(teams: Teams, about: Mapping[str, int]) -> xr.Dataset:
    """Return all that draws tell of teams as a Dataset, see :func:`funnelsim.compare`."""
    numbers: Compared = {} if teams.horizon is None else teams.horizon.answers()
    for kind, tallies in teams.tallies.items():
        answers = [tally.answers() for tally in tallies]
        numbers |= {kind + name: _by_period(name, answers) for name in answers[0]}
    first, names = next(iter(teams.plans.values())), list(teams.plans)
    refused = _left_out(teams, numbers)
    arrays: dict[str, object] = {}
    for name, pairs in numbers.items():
        for suffix, pair in zip(("", DIFFERENCE), pairs, strict=True):
            value, error = _with_moments(teams, name, pair, refused, paired=bool(suffix))
            variable = BY_NAME[name + suffix]
            dims = ("scenario", *(dim for dim in variable.dims if dim != "scenario"))
            words = described(variable, first)
            arrays[variable.name] = (dims, value, words)
            words = words | {"long_name": f"standard error of {words['long_name']}"}
            arrays[variable.name + STANDARD_ERROR] = (dims, error, words)
    changes = {
        name: [
            {"path": each.path, "from": each.before, "to": each.after}
            for each in changes_between(first, plan)
        ]
        for name, plan in teams.plans.items()
    }
    rest = {
        "method": "simulated",
        "stopped": "draws done",
        "shared_luck": SHARED_LUCK,
        "baseline": names[0],
        "changes": json.dumps(changes),
        "scenarios": json.dumps({name: dumps(plan) for name, plan in teams.plans.items()}),
        "refused": json.dumps(refused),
    }
    return dataset(arrays, _coords(teams), provenance(first) | dict(about) | rest)


def _by_period(name: str, answers: Sequence[Compared]) -> tuple[Pair, Pair]:
    """Return a number of all periods: along the second axis, or after the groups."""
    axis = 2 if "segment" in BY_NAME[name].dims else 1
    own, less = (
        tuple(np.stack([each[name][k][part] for each in answers], axis) for part in (0, 1))
        for k in (0, 1)
    )
    return (own[0], own[1]), (less[0], less[1])


def _with_moments(
    teams: Teams, name: str, pair: Pair, refused: dict[str, str], *, paired: bool
) -> Pair:
    """Return a number without what laws lack the moments for, and note why it is NaN anywhere.

    A difference of what cannot differ is 0, without error.
    """
    value, error = pair
    least = _shapes(teams)
    if paired:
        least = np.minimum(least, least[0])
    least = least.reshape(-1, *(1,) * (value.ndim - 1))
    reasons = {"": NO_SEATS if "segment" in BY_NAME[name].dims else UNSEEN}
    if name.endswith("_quantile"):
        reasons[STANDARD_ERROR] = NEAR_A_STEP
    if name.endswith("_given_miss_mean"):
        reasons[STANDARD_ERROR] = TOO_FEW
    if name.endswith("bookings_mean"):
        error = np.where(least <= 2, np.nan, error)
        reasons[STANDARD_ERROR] = NO_VARIANCE
    if name.endswith("bookings_sd"):
        value, error = np.where(least <= 2, np.nan, value), np.where(least <= 4, np.nan, error)
        reasons = {"": NO_VARIANCE, STANDARD_ERROR: NO_FOURTH_MOMENT}
    if paired:
        alike = _alike(teams, name)
        alike = alike.reshape(*alike.shape, *(1,) * (value.ndim - alike.ndim))
        known = alike & ~np.isnan(value)
        value, error = np.where(known, 0.0, value), np.where(known, 0.0, error)
    own = name + (DIFFERENCE if paired else "")
    for part, numbers in (("", value), (STANDARD_ERROR, error)):
        if part in reasons and np.isnan(numbers).any():
            refused[own + part] = reasons[part]
    return value, error


def _shapes(teams: Teams) -> Floats:
    """Return the smallest Pareto shape of what each company books, (plan,)."""
    return np.array(
        [
            min(least_shape(laws_of(plan.team[name])) for name in members.get(COMPANY, plan.team))
            for plan, members in zip(teams.plans.values(), teams.members, strict=True)
        ]
    )


def _alike(teams: Teams, name: str) -> Bools:
    """Return where a number cannot differ from that of the first plan, (plan,) or (plan, group)."""
    alike = np.array(
        [
            [_run_places(teams, k, group) == _run_places(teams, 0, group) for group in teams.groups]
            for k in range(len(teams.plans))
        ]
    )
    if "segment" in BY_NAME[name].dims:
        return alike
    alike = alike[:, -1]
    if "plan_" in name and teams.targets is not None:
        alike = alike & (teams.targets == teams.targets[0]).all(axis=1)
    return np.asarray(alike)


def _run_places(teams: Teams, plan: int, group: str) -> list[int]:
    return [teams.places[plan][name] for name in teams.members[plan][group]]


def _left_out(teams: Teams, numbers: Compared) -> dict[str, str]:
    """Say why numbers are not there at all, by name."""
    refused = {"best_probability": NOT_RANKED}
    there = {*numbers, *(name + DIFFERENCE for name in numbers)}
    for variable in (*COMPARED_BY_PERIOD, *COMPARED_TEAMS):
        name = variable.name
        if name in there:
            continue
        if name.startswith("year_") and "year_" not in teams.periods:
            refused[name] = NO_YEAR
        elif not teams.company:
            refused[name] = f"of a plan, {NO_COMPANY}"
        else:
            refused[name] = f"{', '.join(teams.lacking)}: {NO_PLAN}"
    return refused


def _coords(teams: Teams) -> dict[str, object]:
    """Return the labels of all dims, the seats of each plan, and targets."""
    coords: dict[str, object] = {
        "scenario": np.array(list(teams.plans), dtype=str),
        "segment": np.array(teams.groups, dtype=str),
        "seats": ("scenario", [plan.seats for plan in teams.plans.values()]),
    }
    if teams.company:
        coords["probability"] = list(QUANTILES)
    for kind, periods in teams.periods.items():
        coords[periods.by] = np.arange(1, periods.number + 1)
        if teams.targets is not None:
            about = {"units": next(iter(teams.plans.values())).currency}
            of_period = ("scenario", periods.by)
            coords[f"{kind}target"] = (of_period, periods.sums(teams.targets), about)
    return coords
