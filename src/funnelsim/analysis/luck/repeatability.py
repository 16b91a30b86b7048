"""Whether making quota repeats: over a career, after a good quarter, after a lucky one.

Reps who are alike differ by luck alone; what a quarter tells about the next then comes from the
market, from what the pipeline carries over, from parameters that nobody knows well, or from
nothing. Where reps differ, it also tells who they are. Definitions in docs/background/luck.md,
"Repeatability".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.estimates import Columns, Estimate, Means
from funnelsim.analysis.luck.part import Answers, alike, over, reaches
from funnelsim.analysis.memories import Remembering
from funnelsim.analysis.tally import never_certain, occasions
from funnelsim.engine.blocks import Run, Samples
from funnelsim.scenario.model import Scenario
from funnelsim.twin.skill import is_skilled

Floats = npt.NDArray[np.float64]

REPS = ("alike", "different")
CAREERS = (4, 8, 20)  # the first so many quarters
HORIZON = max(CAREERS)
PAIRS = HORIZON - 1  # of consecutive quarters
BEFORE = ("attained", "missed", "repeatable", "windfall")
TOPICS = ("attained", "careers", "pairs", "bookings")
ASSUMED_CV = 0.35  # of activity, where the plan does not say how reps differ


class Repeatability(Remembering):
    """Careers of reps who are alike and of reps who differ, of the plan's quarters and on.

    Attributes
    ----------
    attrs : dict
        ``plan_reps``: which of the two is the plan as stated; ``skill_from``: whether the
        difference between reps is the plan's own.
    """

    def __init__(self, plan: Scenario) -> None:
        longest = over(plan, HORIZON).model_copy(update={"kpis": ()})  # nobody looks at them
        stated = is_skilled(plan)
        different = longest if stated else _with_activity_cv(longest, ASSUMED_CV)
        self.runs: tuple[Run, ...] = (Run(alike(longest)), Run(different))
        self.coords: Mapping[str, Sequence[object]] = {
            "reps": REPS,
            "career": CAREERS,
            "count": range(1, HORIZON + 1),
            "before": BEFORE,
        }
        self.refused: dict[str, str] = {}
        self.attrs: dict[str, str | int | float] = {
            "plan_reps": "different" if stated else "alike",
            "skill_from": "stated" if stated else f"assumed activity.rep_cv {ASSUMED_CV}",
        }
        self._quotas = np.array(longest.quotas)
        # Topics are never set against each other, and apart they take a third of the work.
        self._means = tuple({topic: Means() for topic in TOPICS} for _ in REPS)

    def add(self, samples: Sequence[Samples]) -> None:
        """Take in a block of draws."""
        for means, own in zip(self._means, samples, strict=True):
            for topic, columns in self._columns(own).items():
                means[topic].add(columns)

    def answers(self) -> Answers:
        """Return every number with its standard error, by (reps, ...)."""
        by_reps = [self._answers_of(means) for means in self._means]
        found: Answers = {}
        for name in by_reps[0]:
            values, errors = zip(*(each[name] for each in by_reps), strict=True)
            found[name] = np.stack(values), np.stack(errors)
        self._explain(found)
        return found

    def _columns(self, own: Samples) -> dict[str, Columns]:
        bookings, repeatable = (
            np.asarray(own[name][:, 0], dtype=np.float64)
            for name in ("bookings", "repeatable_bookings")
        )
        made, repeated = reaches(bookings, self._quotas), reaches(repeatable, self._quotas)
        before = np.stack([made, ~made, made & repeated, made & ~repeated], axis=1)[:, :, :-1]
        times = np.cumsum(made, axis=1)
        scaled = bookings / self._quotas.mean()  # squares of it keep their digits
        earlier, later = scaled[:, :-1], scaled[:, 1:]
        return {
            "attained": {"attained": made},
            "careers": {
                f"at least of {career}": times[:, career - 1, None] > np.arange(career)
                for career in CAREERS
            },
            "pairs": {
                "before": before.mean(axis=2),
                "before and attained": (before & made[:, None, 1:]).mean(axis=2),
            },
            "bookings": {
                "bookings": scaled,
                "earlier^2": (earlier * earlier).mean(axis=1),
                "later^2": (later * later).mean(axis=1),
                "earlier * later": (earlier * later).mean(axis=1),
            },
        }

    def _answers_of(self, means: Mapping[str, Means]) -> Answers:
        """Return what is known of one kind of reps, without the dim ``reps``."""
        attained, pairs = means["attained"]["attained"], means["pairs"]
        before = pairs["before"]
        careers = [means["careers"][f"at least of {career}"].pair for career in CAREERS]
        independent = [independent_at_least(attained[:career]).pair for career in CAREERS]
        return {
            "rep_attainment_probability": attained.mean(0).pair,
            "career_at_least_probability": _by_career(careers),
            "independent_at_least_probability": _by_career(independent),
            "next_attainment_probability": never_certain(
                (pairs["before and attained"] / before).pair,
                occasions(before.value, PAIRS, pairs.draws),
            ),
            "quarter_correlation": _correlation(means["bookings"]).pair,
        }

    def _explain(self, found: Answers) -> None:
        """Say why what is NaN is unknown."""
        unknown = np.argwhere(np.isnan(found["next_attainment_probability"][0]))
        if unknown.size:
            where = ", ".join(f"{BEFORE[before]} ({REPS[reps]})" for reps, before in unknown)
            reason = f"unknown where no simulated quarter went like that before: {where}"
            self.refused["next_attainment_probability"] = reason
        if np.isnan(found["quarter_correlation"][0]).any():
            self.refused["quarter_correlation"] = "bookings that never vary have no correlation"


def independent_at_least(probabilities: Estimate) -> Estimate:
    """Return P(at least 1, 2, ... n of n independent events), from their probabilities, (n,).

    The number of events is Poisson-binomial, N; a quarter's event adds to P(N >= k) at the rate
    P(k - 1 of the others), its exact derivative. Derived in docs/background/luck.md,
    "Repeatability".

    Examples
    --------
    >>> means = Means()
    >>> means.add({"attained": np.array([[True, True], [False, True], [True, False]])})
    >>> independent_at_least(means["attained"]).value.round(4).tolist()
    [0.8889, 0.4444]
    """
    p = probabilities.value
    tail = np.cumsum(_number_of_events(p)[::-1])[-2::-1]
    slopes = np.stack([_number_of_events(np.delete(p, each)) for each in range(p.size)], axis=1)
    return Estimate(tail, slopes @ probabilities.gradient, probabilities.covariance)


def _number_of_events(probabilities: Floats) -> Floats:
    """Return P(0, 1, ... of independent events)."""
    law = np.ones(1)
    for p in probabilities:
        law = np.convolve(law, (1 - p, p))
    return law


def _by_career(pairs: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """Return values and errors by (career, count), NaN beyond the quarters of a career."""
    placed = np.full((2, len(CAREERS), HORIZON), np.nan)
    for place, pair in enumerate(pairs):
        placed[:, place, : CAREERS[place]] = pair
    return placed[0], placed[1]


def _correlation(m: Means) -> Estimate:
    """Return the correlation of consecutive quarters, each about its own mean."""
    mean = m["bookings"]
    earlier, later = mean[:-1], mean[1:]
    covariance = m["earlier * later"] - (earlier * later).mean(0)
    before = m["earlier^2"] - (earlier * earlier).mean(0)
    after = m["later^2"] - (later * later).mean(0)
    return covariance / (before * after).sqrt()


def _with_activity_cv(plan: Scenario, cv: float) -> Scenario:
    activity = plan.activity.model_copy(update={"rep_cv": cv})
    return plan.model_copy(update={"activity": activity})
