"""compare(): which of several plans is better, by how much, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from funnelsim.analysis.chances import METHODS, Method
from funnelsim.analysis.compare.answers import SHARED_LUCK, answers, labelled, not_covered
from funnelsim.analysis.compare.computed import MADE, Computed, computed
from funnelsim.analysis.compare.ranking import Confidence, Precision, Rule, draw_until
from funnelsim.analysis.compare.side_by_side import SideBySide
from funnelsim.analysis.gathering import gather
from funnelsim.analysis.seats import reads_as_team
from funnelsim.analysis.team.side_by_side import compared_teams, refuse_for_teams
from funnelsim.engine.blocks import MOST_DRAWS as LARGEST
from funnelsim.engine.blocks import Progress, Run, check, shared_cluster
from funnelsim.engine.simulate import STREAM_VERSION
from funnelsim.errors import ArgumentError, NotCoveredError
from funnelsim.scenario.given import check_scenarios
from funnelsim.scenario.model import Scenario

if TYPE_CHECKING:
    from distributed import Client

BLOCK = 4_096  # draws of every plan in memory at a time
MOST_DRAWS = 1 << 26
COMPUTED = "computed exactly: no draws needed"
ALL_ALIKE = "all plans are alike: none is best"
NOT_TOLD_APART = "most_draws reached: not told apart"
NOT_PRECISE = "most_draws reached: not as precise as wanted"


def compare(
    plans: Mapping[str, Scenario],
    *,
    draws: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    cluster: str | Client | None = None,
    method: Method = "auto",
    precision: float | None = None,
    confidence: float | None = None,
    most_draws: int = MOST_DRAWS,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Compare plans: values, differences, and which is best; exactly and on shared luck.

    Parameters
    ----------
    plans : mapping of str to Scenario
        By name; over equally many quarters and in one currency. The first is the baseline.
    draws, seed : int, optional
        Needed where something is simulated; seed whenever draws, precision or confidence are given.
    threads : int, optional
        Defaults to the processors that this process may use.
    cluster : str or distributed.Client, optional
        Who simulates in place of this process, as in :func:`funnelsim.simulate`. Samples stay where
        they are made; what they add up to is sent.
    method : {"auto", "exact", "simulated"}
        "auto": each metric exactly if the twin covers it of all plans, else simulated of all, on
        shared luck. What only shared luck can tell (``gain``, ``beats_probability``), and the
        simulated values beside the exact ones, are there if draws are given.
    precision : float, optional
        Until 95 % intervals of all differences of P(attain) from the baseline are no wider than
        this to either side; of a single plan, that of P(attain). Nothing is drawn where P(attain)
        is exact.
    confidence : float, optional
        Until it is known with this probability which plan has the highest P(attain). Nothing is
        drawn where P(attain) is exact.
    most_draws : int
        Stop there in any case, and say so.
    progress : callable, optional
        Called with the draws done and those in all, or those by which the next decision falls; with
        plans where draws are not asked for.

    Returns
    -------
    xarray.Dataset
        Dims (scenario, segment[, probability | at_least | other]). Each metric is that of a quarter
        of the horizon picked at random (or a year, ``year_...``); under its name + ``_difference``
        is what it is less that of the baseline. With ``_numerical_error`` a number is exact, with
        ``_standard_error`` (over draws, paired in a difference) or none it is simulated; its own
        attribute ``method`` says so, too. ``simulated_`` + name is what the draws say of a number
        that is exact. Further ``best_probability``; from draws ``beats_probability``, ``gain`` and
        ``independent_difference_error``. What does not exist is NaN or left out, with its reason in
        the attribute ``refused`` (JSON). Attributes: ``method`` ("mixed" where kinds differ);
        ``not_covered``, why something was simulated though exact answers were preferred; ``draws``;
        why it ``stopped``; ``changes`` (JSON), what each scenario changes of the baseline;
        ``scenarios`` (JSON), each as TOML. Where any of the plans is a team (or has a target), what
        the companies book, see Notes.

    Raises
    ------
    ArgumentError
        Where an argument is out of range, plans cannot be compared, or draws and seed are needed
        and missing.
    NotCoveredError
        Where exact answers are asked for and the twin does not cover P(attain) of a plan.

    Notes
    -----
    Derived in docs/background/planning.md. A standard error is that of draws, exactly paired; the
    quantile's is one over the density times that of the share of quarters below it (Bahadur 1966),
    0 where it is the amount of many quarters and clear of the next, NaN where it is close to a
    step.

    Teams are simulated (``method`` "auto" or "simulated", with draws and seed), and told by period:
    the variables ``COMPARED_TEAMS`` of the registry, dims (scenario[, segment], quarter | year[,
    probability]), each with its difference and paired error. Segments are those that all plans
    have; which plan is best is not ranked.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math")
    >>> more = plan.replace({"activity.per_quarter": 1_000})
    >>> told = compare({"as is": plan, "more calls": more}, draws=4_000, seed=1)
    >>> better = told.sel(scenario="more calls", segment="rep")
    >>> round(better.attainment_probability_difference.item(), 4), bool(better.gain > 2)
    (0.1888, True)
    """
    _check(plans)
    if any(map(reads_as_team, plans.values())):
        refuse_for_teams(method, precision, confidence)
        return compared_teams(plans, draws, seed, threads, cluster, progress)
    asked = sum(each is not None for each in (draws, precision, confidence))
    if method not in METHODS:
        raise ArgumentError(f"method = {method!r}: must be one of {', '.join(METHODS)}.")
    rule = _rule(len(plans), precision, confidence, most_draws)
    if asked > 1 or (not asked and method == "simulated"):
        raise ArgumentError(
            f"draws = {draws}, precision = {precision}, confidence = {confidence}: exactly one of "
            "them must be given."
        )
    if (seed is None) == bool(asked) and method != "exact":
        raise ArgumentError(
            "draws and seed: must be given, both, where plans are simulated; in place of draws "
            "also precision or confidence."
        )
    check(1 if draws is None else draws, 0 if seed is None else seed, threads, 1)
    different = _different(plans)
    places = np.array([different.index(_simulated(plan)) for plan in plans.values()])
    drawn = bool(asked) and method != "exact"
    exact = Computed()
    if method != "simulated":
        exact = computed(different, None if drawn else progress)
    names = [list(plans)[places.tolist().index(place)] for place in range(len(different))]
    known = MADE in exact.metrics
    if not known and not drawn:
        raise _no_answer(method, names, exact)
    attrs: dict[str, str | int | float] = {"stopped": COMPUTED}
    attrs |= {"precision": precision} if precision is not None else {}
    attrs |= {"confidence": confidence} if confidence is not None else {}
    tally = None
    if drawn and seed is not None and not (known and rule is not None):
        most = most_draws if draws is None else draws
        tally, attrs["stopped"] = _tallied(different, rule, most, seed, threads, cluster, progress)
        attrs |= {"seed": seed, "draws": tally.draws, "stream_version": STREAM_VERSION}
        attrs |= {"shared_luck": SHARED_LUCK}
    found, refused = answers(list(plans.values()), places, exact, tally)
    reason = not_covered(names, exact)
    attrs |= {"not_covered": reason} if reason else {}
    return labelled(plans, found, refused, attrs)


def _rule(
    count: int, precision: float | None, confidence: float | None, most_draws: int
) -> Rule | None:
    """Return when to stop, None after a stated number of draws; refuse what is out of range."""
    if isinstance(most_draws, bool) or not isinstance(most_draws, int | np.integer):
        raise ArgumentError(f"most_draws = {most_draws!r}: must be a whole number.")
    if not 1 <= most_draws <= LARGEST:
        raise ArgumentError(f"most_draws = {most_draws}: must be between 1 and {LARGEST}.")
    for name, value in (("precision", precision), ("confidence", confidence)):
        stated: object = value  # whatever a script may hand over
        if value is not None and (isinstance(stated, bool) or not isinstance(stated, Real)):
            raise ArgumentError(f"{name} = {value!r}: must be a number.")
    if precision is not None:
        if not 0 < precision < 1:
            raise ArgumentError(f"precision = {precision}: must be between 0 and 1, such as 0.002.")
        return Precision(float(precision))
    if confidence is not None:
        if not 0.5 <= confidence < 1:
            remedy = f" Write {confidence / 100:g}." if 50 <= confidence < 100 else ""
            raise ArgumentError(f"confidence = {confidence}: must be from 0.5 to below 1.{remedy}")
        if count < 2:
            raise ArgumentError(f"confidence = {confidence}: takes two plans or more to rank.")
        return Confidence(float(confidence))
    return None


def _check(plans: Mapping[str, Scenario]) -> None:
    """Refuse plans that cannot be compared, naming every reason."""
    check_scenarios(plans)
    wrong = []
    first, baseline = next(iter(plans.items()))
    for name, plan in plans.items():
        quarters, expected = plan.calendar.quarters, baseline.calendar.quarters
        if quarters != expected:
            wrong.append(
                f"{name}: calendar.quarters = {quarters}: must be {expected}, as that of {first}"
            )
        if plan.currency != baseline.currency:
            wrong.append(
                f"{name}: currency = {plan.currency}: must be {baseline.currency}, as of {first}"
            )
    if wrong:
        raise ArgumentError(f"plans: {'; '.join(wrong)}.")


def _simulated(plan: Scenario) -> Scenario:
    """Return the plan without what no number of a comparison depends on."""
    return plan.model_copy(update={"name": "plan", "kpis": (), "variants": {}})


def _different(plans: Mapping[str, Scenario]) -> list[Scenario]:
    """Return the plans to simulate: equal ones once."""
    found: list[Scenario] = []
    for plan in map(_simulated, plans.values()):
        if plan not in found:
            found.append(plan)
    return found


def _tallied(
    plans: list[Scenario],
    rule: Rule | None,
    most: int,
    seed: int,
    threads: int | None,
    cluster: str | Client | None,
    progress: Progress | None,
) -> tuple[SideBySide, str]:
    """Return what draws say of different plans, and why no more were taken."""
    runs = [Run(plan) for plan in plans]
    tally = SideBySide(np.array([plan.quotas for plan in plans], dtype=np.float64))
    with shared_cluster(threads, cluster) as (own, client):

        def take(draws: int, told: Callable[[int], None]) -> int:
            """Take in blocks until there are so many draws, but no more than the most."""
            gather(
                runs, tally, draws=min(-(-draws // BLOCK) * BLOCK, most), seed=seed, grain=BLOCK,
                threads=own, cluster=client, progress=lambda done, _: told(done),
            )  # fmt: skip
            return tally.draws

        if rule is None:
            take(most, lambda done: None if progress is None else progress(done, most))
            return tally, "draws done"
        if draw_until(rule, take, tally.standing, most, progress):
            alike = isinstance(rule, Confidence) and len(plans) == 1
            return tally, ALL_ALIKE if alike else rule.reached
    return tally, NOT_TOLD_APART if isinstance(rule, Confidence) else NOT_PRECISE


def _no_answer(method: Method, names: list[str], exact: Computed) -> Exception:
    """Return why P(attain) is not known, and what would tell it."""
    place, reason = exact.not_covered[MADE]
    why = f"the exact twin does not cover {names[place]}: {reason.rstrip('.')}."
    if method == "exact":
        return NotCoveredError(f"{why} Say method='auto', with draws and seed, to simulate.")
    return ArgumentError(f"draws and seed: must be given, because {why}")
