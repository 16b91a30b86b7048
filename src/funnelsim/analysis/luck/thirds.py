"""luck_or_skill(): the gap between the top and the bottom third that identical reps show by chance.

Whoever sorts a team by bookings and compares the ends finds a gap, also where all reps are alike:
those at the top are those who were lucky, and luck shows in close rate, deal size and attainment.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from funnelsim.analysis.attainment import laws_of
from funnelsim.analysis.gathering import gathered, identity_of
from funnelsim.analysis.luck.ends import Ends
from funnelsim.analysis.luck.gaps import (
    GAPS,
    MEASURES,
    PROBABILITIES,
    THIRDS,
    Floats,
    distribution,
    p_values,
    power,
    with_gaps,
)
from funnelsim.analysis.luck.part import Answers, alike, check_quota, over
from funnelsim.analysis.seats import check_one_seat
from funnelsim.engine.blocks import Progress, check
from funnelsim.engine.simulate import STREAM_VERSION, described, provenance
from funnelsim.errors import ArgumentError, ResultError
from funnelsim.registry import BY_NAME, SEGMENT, STANDARD_ERROR
from funnelsim.registry.dataset import dataset
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.wording import did_you_mean

if TYPE_CHECKING:
    from distributed import Client

QUARTERS_WORKED = (1, 2, 4, 8, 12, 16, 20)
# What each measure is compared by. A ratio has no scale, so that it carries over to a business of
# other deal sizes; that of two shares runs away where the lower one comes near to 0.
COMPARE_BY = {"close_rate": "difference", "deal_size": "ratio", "attainment": "difference"}
SHARES = ("close_rate", "attainment")
BY_LUCK = 0.05  # of teams of identical reps: what shows less often is put down to more than luck

FEWEST_REPS, MOST_REPS = 3, 10_000
MOST_QUARTERS = 100
NO_STAGE_BEFORE = "a funnel of one stage has no stage before the win"
NO_MOMENT = (
    "deal_size: sizes of a Pareto law, and their inverse in a ratio for a gamma law, have no such "
    "moment where they spread too far; quantiles exist"
)


def luck_or_skill(
    plan: Scenario,
    *,
    reps: int,
    quarters: int,
    observed: Mapping[str, Sequence[float]] | None = None,
    draws: int,
    seed: int,
    threads: int | None = None,
    cluster: str | Client | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Simulate teams of identical reps, sort each by bookings and compare its ends.

    A draw is a team. Its reps work the plan with every ``rep_cv`` set to 0, in one market and with
    one value of what is uncertain, and are sorted by the bookings of all quarters so far; the top
    and the bottom third are ``reps // 3`` reps each. Of equal bookings the rep of the higher number
    stands higher: numbers say nothing about reps, so that this is as fair as a coin.

    What is compared, over all reps and quarters of a third together:

    - ``close_rate``: deals won through the funnel over arrivals at the stage before, both counted
      in the quarter in which they happen. Windfalls are no closes.
    - ``deal_size``: bookings over deals, as a CRM adds up what is closed and won: windfalls and
      whales included.
    - ``attainment``: share of its quarters of reps in which the quota was made.

    Parameters
    ----------
    plan : Scenario
        Calibrated to the team as a whole; its horizon does not matter, its variants are ignored.
    reps : int
        Size of the team, 3 to 10,000.
    quarters : int
        Quarters over which the team was observed, 1 to 100.
    observed : mapping of str to (float, float), optional
        By measure: the top third's and the bottom third's, sorted by bookings as here, such as
        ``{"close_rate": (0.46, 0.25), "deal_size": (160_000, 70_000)}``.
    draws, seed, threads, cluster, store, progress
        As in :func:`funnelsim.luck`; two numbers a draw, measure and horizon are kept.

    Returns
    -------
    xarray.Dataset
        Dims (segment, reps, measure, quarters_worked, statistic | gap[, probability]), each
        estimate with its standard error under the same name + ``_standard_error``:

        - ``reps``: "alike", and "different" where the plan states skill: the same luck, with skill;
        - ``quarters_worked``: 1, 2, 4, 8, 12, 16, 20 and ``quarters``, the same teams after so many
          quarters;
        - ``statistic``: "top", "bottom", "difference", "ratio" (top over bottom); ``gap``: the last
          two. The coordinate ``compare_by`` says which of them to read.

        ``third_mean``, ``third_sd`` are over the teams where the number is finite, the share of the
        others is ``third_left_out_probability``. Infinite ratios (nothing in the bottom third)
        count in quantiles and p-values, as the largest; undefined ones (0 / 0) do not.
        ``third_gap_p_value`` is the share of teams of identical reps that show a gap at least as
        large as the observed one, counting the observed team as one of them;
        ``third_gap_power`` the share of teams of the plan's skill whose gap exceeds what 19 of 20
        teams of identical reps stay within. What is left out has its reason in ``refused`` (JSON).

    Raises
    ------
    ArgumentError
        Naming every argument that is out of range, or where the plan states a team of its own.
    ResourceError
        Where the teams would not fit a gigabyte.
    ResultError
        Where the store is damaged or belongs to another question; it is left as it was.

    Notes
    -----
    A p-value is one-sided and for one measure. Derived in docs/background/luck.md.

    Examples
    --------
    >>> import funnelsim as fs
    >>> told = luck_or_skill(
    ...     fs.preset("sales_math"), reps=12, quarters=1, observed={"close_rate": (0.46, 0.25)},
    ...     draws=2_000, seed=1,
    ... )  # fmt: skip
    >>> gap = told.sel(segment="rep", measure="close_rate", gap="difference")
    >>> bool(gap.third_gap_p_value.sel(quarters_worked=1) > 0.4)
    True
    >>> float(quarters_to_tell(told).sel(segment="rep", measure="close_rate", gap="difference"))
    4.0
    """
    check_one_seat(plan)
    check_quota(plan)
    pairs = _checked(plan, reps, quarters, observed, draws, seed, threads)
    worked = sorted({*QUARTERS_WORKED, quarters})
    teams, measures = _teams(plan, worked[-1]), _measures(plan)
    whole = Ends(list(teams.values()), reps, measures, worked, draws)
    asked: dict[str, str | int] = {"team": int(reps), "quarters": int(quarters)}
    made = {"seed": int(seed), "draws": int(draws), "stream_version": STREAM_VERSION}
    attrs = provenance(plan) | {"method": "simulated"} | made | asked
    (found,) = gathered(
        whole.runs,
        whole,
        lambda: [_labelled(plan, list(teams), measures, worked, whole.values(), pairs, attrs)],
        draws=draws,
        seed=seed,
        grain=whole.grain,
        threads=threads,
        cluster=cluster,
        progress=progress,
        store=store,
        identity=identity_of("luck or skill", attrs) | asked | {"observed": pairs},
    )
    return found


def _labelled(
    plan: Scenario,
    teams: Sequence[str],
    measures: Sequence[str],
    worked: Sequence[int],
    ends: Floats,
    pairs: Mapping[str, tuple[float, float]],
    attrs: Mapping[str, str | int],
) -> xr.Dataset:
    """Put names, units and provenance on what the ends of teams show."""
    shown = with_gaps(ends)  # (statistic, reps, measure, quarters_worked, draw)
    seen = with_gaps(np.array([pairs.get(name, (np.nan, np.nan)) for name in measures]).T)
    # the statistic stands behind the quarters in the registry, and is computed in front
    answers = {
        name: (np.moveaxis(value, 0, 3), np.moveaxis(error, 0, 3))
        for name, (value, error) in distribution(shown).items()
    }
    refused = _blank_moments(plan, measures, answers)
    gaps = shown[len(THIRDS) :]
    if pairs:
        value, error = p_values(gaps[:, 0], seen[len(THIRDS) :])
        answers["third_gap_p_value"] = np.moveaxis(value, 0, 2), np.moveaxis(error, 0, 2)
    else:
        refused["third_gap_p_value"] = "nothing observed was stated"
    if len(teams) > 1:
        value, error = power(gaps[:, 0], gaps[:, 1])
        answers["third_gap_power"] = np.moveaxis(value, 0, 2), np.moveaxis(error, 0, 2)
    else:
        refused["third_gap_power"] = "the plan states no skill: every rep_cv is 0"
    if len(measures) < len(MEASURES):
        refused["close_rate"] = NO_STAGE_BEFORE
    coords: dict[str, object] = {
        "segment": [SEGMENT],
        "reps": list(teams),
        "measure": list(measures),
        "quarters_worked": list(worked),
        "statistic": [*THIRDS, *GAPS],
        "gap": list(GAPS),
        "probability": list(PROBABILITIES),
        "compare_by": ("measure", [COMPARE_BY[name] for name in measures]),
        "measure_unit": (
            "measure",
            ["1" if name in SHARES else plan.currency for name in measures],
        ),
        "observed": (("measure", "statistic"), seen.T),
    }
    arrays = {}
    for name, (value, error) in answers.items():
        about = described(BY_NAME[name], plan)
        about_error = about | {"long_name": f"standard error of {about['long_name']}"}
        arrays[name] = (BY_NAME[name].dims, value[None], about)
        arrays[name + STANDARD_ERROR] = (BY_NAME[name].dims, error[None], about_error)
    return dataset(arrays, coords, {**attrs, "refused": json.dumps(refused)})


def quarters_to_tell(result: xr.Dataset) -> xr.DataArray:
    """Return the quarters after which luck alone shows a gap as large in under 1 of 20 teams.

    Of the numbers of quarters in ``result``, the smallest from which on this holds; NaN where the
    largest of them is too short. Dims (segment, measure, gap).

    Raises
    ------
    ResultError
        Where ``result`` has no p-values: nothing observed was stated.
    """
    return _first_from_which(_known(result, "third_gap_p_value") < BY_LUCK).rename(
        "quarters_to_tell"
    )


def quarters_to_see(result: xr.Dataset, share: float = 0.8) -> xr.DataArray:
    """Return the quarters after which real differences show in at least a share of the teams.

    They show where the gap of a team of the plan's skill exceeds what 19 of 20 teams of identical
    reps stay within. NaN where the longest time is too short. Dims (segment, measure, gap).

    Raises
    ------
    ResultError
        Where ``result`` has no power: the plan states no skill.
    """
    return _first_from_which(_known(result, "third_gap_power") >= share).rename("quarters_to_see")


def _known(result: xr.Dataset, name: str) -> xr.DataArray:
    if name not in result:
        reason = json.loads(result.attrs.get("refused", "{}")).get(name, "not of luck_or_skill")
        raise ResultError(f"{name} is not in this Dataset: {reason}.")
    return result[name]


def _first_from_which(holds: xr.DataArray) -> xr.DataArray:
    """Return the first number of quarters at and after which something always holds."""
    last = holds.sel(quarters_worked=holds.quarters_worked[::-1])
    since = last.astype(int).cumprod("quarters_worked").sum("quarters_worked")
    worked = np.append(holds.quarters_worked.values[::-1].astype(float), np.nan)
    return since.copy(data=worked[since.values - 1])  # none: the NaN at the end


def _checked(
    plan: Scenario,
    reps: object,
    quarters: object,
    observed: object,
    draws: int,
    seed: int,
    threads: int | None,
) -> dict[str, tuple[float, float]]:
    """Return what was observed; refuse arguments out of range, all of them at once."""
    problems = []
    for name, value, least, most in (
        ("reps", reps, FEWEST_REPS, MOST_REPS),
        ("quarters", quarters, 1, MOST_QUARTERS),
    ):
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or not least <= value <= most:  # type: ignore[operator]
            why = " A third of fewer is nobody." if name == "reps" else ""
            rule = f"must be a whole number between {least} and {most}"
            problems.append(f"{name} = {value!r}: {rule}.{why}")
    pairs: dict[str, tuple[float, float]] = {}
    if observed is None:
        observed = {}
    if not isinstance(observed, Mapping):
        rule = "must be a mapping from a measure to (top, bottom)"
        problems.append(f'observed = {observed!r}: {rule}. Write {{"close_rate": (0.46, 0.25)}}.')
        observed = {}
    for name, value in observed.items():
        problem = _problem_of(plan, name, value)
        if problem:
            problems.append(f"observed[{name!r}] = {value!r}: {problem}")
        else:
            pairs[name] = (float(value[0]), float(value[1]))
    try:
        check(draws, seed, threads, block=1)
    except ArgumentError as error:
        problems.append(str(error))
    if problems:
        raise ArgumentError("\n".join(problems))
    return pairs


def _problem_of(plan: Scenario, name: Any, value: Any) -> str:
    """Return the rule that an observed pair breaks and what to do about it, or nothing."""
    if name not in COMPARE_BY:
        known = ", ".join(COMPARE_BY)
        return f"must be one of {known}. {did_you_mean(str(name), COMPARE_BY)}".rstrip()
    if name not in _measures(plan):
        return f"{NO_STAGE_BEFORE}. Leave it out."
    try:
        top, bottom = (float(each) for each in value)
    except (TypeError, ValueError):
        return "must be two numbers. Write (top third, bottom third)."
    if name in SHARES and not (0 <= top <= 1 and 0 <= bottom <= 1):
        percentages = 1 < max(top, bottom) <= 100 and min(top, bottom) >= 0
        remedy = "Percentages? Divide by 100." if percentages else ""
        return f"must be two numbers between 0 and 1. {remedy}".rstrip()
    if name not in SHARES and not (0 < top < math.inf and 0 < bottom < math.inf):
        return f"must be two finite amounts above 0, in {plan.currency}."
    if top < bottom:
        return (
            "the top third's must not be below the bottom third's. Write (top, bottom), thirds by "
            "bookings; if it is below, there is no gap for luck to explain: leave it out."
        )
    return ""


def _measures(plan: Scenario) -> tuple[str, ...]:
    """Return the measures that the plan has; per activity nobody speaks of a close rate."""
    return tuple(name for name in COMPARE_BY if name != "close_rate" or len(plan.stages) > 1)


def _teams(plan: Scenario, quarters: int) -> dict[str, Scenario]:
    """Return the plan for identical reps and, where it states skill, for its own."""
    own = over(plan, quarters).model_copy(update={"kpis": ()})
    identical = alike(own)
    return {"alike": identical} if identical == own else {"alike": identical, "different": own}


def _blank_moments(plan: Scenario, measures: Sequence[str], answers: Answers) -> dict[str, str]:
    """Blank out, and explain, the moments of deal sizes that a law does not have.

    A third may hold a single deal. The moment of order m of the size of one exists below the shape
    of a Pareto law; that of its inverse, which a ratio takes, below the shape 1 / cv^2 of a gamma
    law, whose density near 0 goes as x^(shape - 1).
    """
    laws = laws_of(plan)
    large = min((law.shape for law in laws if law.shape is not None), default=math.inf)
    cvs = [law.cv for law in laws if law.law == "gamma" and law.cv is not None]
    small = min((cv**-2 for cv in cvs), default=math.inf)
    refused = {}
    for order, name, is_error in (
        (1, "third_mean", False),
        (2, "third_mean", True),
        (2, "third_sd", False),
        (4, "third_sd", True),
    ):
        for place, statistic in enumerate((*THIRDS, *GAPS)):
            if order >= (min(large, small) if statistic == "ratio" else large):
                for part in answers[name][is_error:]:
                    part[:, measures.index("deal_size"), :, place] = np.nan
                refused[name + STANDARD_ERROR * is_error] = NO_MOMENT
    return refused
