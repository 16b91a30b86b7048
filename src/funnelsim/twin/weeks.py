"""One week: the law of its activities under a policy, and what each of them leads to.

Derived in docs/background/exact.md, "One week".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from funnelsim.errors import NotCoveredError
from funnelsim.scenario.model import Scenario
from funnelsim.twin.fourier import Complexes, Floats

Integers = NDArray[np.int64]
NEGLIGIBLE = 1e-18
MOST_SKILL = 6.4  # standard deviations; see Weeks.most_skill
MOST_ACTIVITIES = 20_000  # of a week that has to be listed
MOST_CELLS = 1 << 23  # of a table of entries by activities
MOST_LISTED = 1 << 25  # of a table of activities by kinds of reps


@dataclass(frozen=True)
class Weeks:
    """The law of a week's activities; a rep's skill, and what is not known, multiply its mean.

    Attributes
    ----------
    mean : float
        Activities a week of a rep of average skill, before the policy.
    cv : float
        Week-to-week variation.
    most_skill : float
        Skill beyond it, which fewer than 1e-10 of the reps have, is cut where activities have to be
        listed one by one.
    floor, cap : int, int or None
    adherence : float
    elasticity, reference : float
    """

    mean: float
    cv: float
    most_skill: float
    floor: int
    cap: int | None
    adherence: float
    elasticity: float
    reference: float

    @property
    def is_linear(self) -> bool:
        """Whether every activity enters with the same probability."""
        return self.elasticity == 1

    @property
    def is_poisson(self) -> bool:
        """Whether entries are Poisson."""
        return self.is_linear and not self.cv and not self.floor and self.cap is None

    def without_policy(self) -> Weeks:
        """Return the law before the policy begins."""
        return Weeks(
            self.mean, self.cv, self.most_skill, 0, None, 0.0, self.elasticity, self.reference
        )

    def pgf(self, skill: Floats, fewer: Complexes | Floats, times: float = 1.0) -> Complexes:
        """Return E (1 - fewer)^n of the number n of activities, to the power ``times``.

        Parameters
        ----------
        skill : (kind,) float
        fewer : (kind, point) float or complex
            Real, or 1 less something of at most 1 in absolute value: however small, it counts.
        """
        if self.cap is not None:
            return np.asarray(polynomial(self.activities(skill), 1 - fewer) ** times)
        less = (self.mean * skill)[:, None] * fewer
        # As cv goes to 0 the negative binomial law becomes the Poisson law.
        log = -special.log1p(self.cv**2 * less) / self.cv**2 if self.cv else -less
        if not self.floor:
            return np.asarray(np.exp(times * log))
        # Those short of the floor move up to it, if they adhere.
        f = 1 - fewer
        short = self._probabilities(np.arange(self.floor), skill)
        lifted = short.sum(axis=1)[:, None] * f**self.floor
        return np.asarray((np.exp(log) + self.adherence * (lifted - polynomial(short, f))) ** times)

    def listed(self, skill: float) -> int:
        """Return how many numbers of activities :meth:`pgf` goes through for the best of reps."""
        if self.cap is None:
            return self.floor
        return self._most_activities(self.mean * min(skill, self.most_skill)) + 1

    def moments(self, skill: Floats) -> tuple[Floats, Floats]:
        """Return E n and E n (n - 1), (kind,)."""
        if self.cap is not None:
            law = self.activities(skill)
            n = np.arange(law.shape[1])
            return law @ n, law @ (n * (n - 1))
        mean = self.mean * skill
        short = np.arange(self.floor)
        law = self.adherence * self._probabilities(short, skill)
        squares = self.floor * (self.floor - 1) - short * (short - 1)
        return (
            mean + law @ (self.floor - short),
            mean**2 * (1 + self.cv**2) + law @ squares,
        )

    def activities(self, skill: Floats) -> Floats:
        """Return P(n activities), n = 0, 1, ..., (kind, n).

        Raises
        ------
        NotCoveredError
            Where too many different numbers of activities are possible to list them.
        """
        skill = np.minimum(skill, self.most_skill)
        most = self._most_activities(self.mean * float(skill.max()))
        if skill.size * (most + 1) > MOST_LISTED:
            raise NotCoveredError(
                "too many kinds of reps and of weekly activities to list them all"
            )
        law = self._probabilities(np.arange(most + 1), skill)
        if self.floor:
            lifted = self.adherence * law[:, : self.floor].sum(axis=1)
            law[:, : self.floor] *= 1 - self.adherence
            law[:, self.floor] += lifted
        if self.cap is not None:
            law = law[:, : self.cap + 1]
            law[:, self.cap] += np.maximum(1 - law.sum(axis=1), 0.0)
        return np.asarray(law)

    def entry_probability(self, entry: Floats, most: int) -> Floats:
        """Return P(entry) of each of n activities, (entry, n); ``entry`` is conversion * market."""
        n = np.maximum(np.arange(most + 1), 1)
        return np.minimum(1.0, np.multiply.outer(entry, self._return_on_effort(n)))

    def is_clipped(self, entry: float) -> bool:
        """Return whether min(1, p) can matter at this conversion * market."""
        return entry * float(self._return_on_effort(np.ones(1))[0]) > 1

    def _return_on_effort(self, n: Floats) -> Floats:
        return np.asarray((n / self.reference) ** (self.elasticity - 1.0))

    def _probabilities(self, n: Integers, skill: Floats) -> Floats:
        """Return P(n activities) before the policy, (kind, n)."""
        mean = (self.mean * skill)[:, None]
        if not self.cv:
            return np.asarray(np.exp(special.xlogy(n, mean) - mean - special.gammaln(n + 1.0)))
        shape = 1 / self.cv**2
        choose = special.gammaln(n + shape) - special.gammaln(shape) - special.gammaln(n + 1.0)
        logs = special.xlogy(n, mean / (mean + shape)) - shape * np.log1p(mean / shape)
        return np.asarray(np.exp(choose + logs))

    def _most_activities(self, mean: float) -> int:
        """Return a number of activities that is exceeded with negligible probability."""
        if self.cap is not None:
            most = max(self.cap, self.floor)
        else:
            most = int(mean + 9 * math.sqrt(mean + (mean * self.cv) ** 2)) + 40
            while most <= MOST_ACTIVITIES and self._tail(most, mean) > NEGLIGIBLE:
                most = int(most * 1.25)
            most = max(most, self.floor)
        if most > MOST_ACTIVITIES:
            raise NotCoveredError(
                f"cap or elasticity would need {most:,} different numbers of weekly activities, "
                f"more than the {MOST_ACTIVITIES:,} that are listed"
            )
        return most

    def _tail(self, n: int, mean: float) -> float:
        """Return P(more than n activities)."""
        if not self.cv:
            return float(special.gammainc(n + 1.0, mean))
        shape = 1 / self.cv**2
        return float(special.betainc(n + 1.0, shape, mean / (mean + shape)))


ALWAYS_POISSON = Weeks(0.0, 0.0, 1.0, 0, None, 0.0, 1.0, 1.0)  # of what needs no activity


def weeks_of(plan: Scenario) -> Weeks:
    """Return the weekly law of a plan, policy in force."""
    activity, policy = plan.activity, plan.policy
    reference = activity.reference_per_week
    levels = [plan.uncertainty.get(f"activity.{key}") for key in ("per_week", "per_quarter")]
    cvs = [activity.rep_cv, *(each.cv for each in levels if each is not None)]
    sigma = math.sqrt(math.fsum(math.log1p(cv**2) for cv in cvs))
    return Weeks(
        mean=plan.activities_per_week,
        cv=activity.week_cv,
        most_skill=math.exp(MOST_SKILL * sigma),
        floor=(policy.floor_per_week or 0) if policy.adherence else 0,
        cap=policy.cap_per_week,
        adherence=policy.adherence,
        elasticity=activity.elasticity,
        reference=plan.activities_per_week if reference is None else reference,
    )


def binomials(most: int, probabilities: Floats) -> Floats:
    """Return P(k of n) for k = 0 .. most and the probability that belongs to each n, (n, k)."""
    n = np.arange(probabilities.size)[:, None]
    k = np.arange(min(most, n[-1, 0]) + 1)[None, :]
    if n.size * k.size > MOST_CELLS:
        raise NotCoveredError("too many activities and entries a week to list them all")
    failures = np.maximum(n - k, 0)
    p = probabilities[:, None]
    logs = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(failures + 1)
    logs += special.xlogy(k, p) + special.xlog1py(failures, -p)
    return np.where(k <= n, np.exp(logs), 0.0)


def most_entries(probabilities: Floats) -> int:
    """Return a number of entries that is exceeded with negligible probability, whatever n."""
    return usual_entries(float((np.arange(probabilities.shape[-1]) * probabilities).max()))


def usual_entries(mean: float) -> int:
    """Return a number that Poisson entries, or fewer, exceed with negligible probability."""
    return int(mean + 9 * math.sqrt(mean) + 40)


def polynomial(law: Floats, f: Complexes | Floats) -> Complexes:
    """Return the sum of law[:, n] f^n by Horner's rule, (kind, point)."""
    out = np.zeros_like(f)
    for column in law.T[::-1]:
        out *= f
        out += column[:, None]
    return np.asarray(out)
