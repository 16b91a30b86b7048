"""Sums and counts over draws, from which every estimate and its standard error follows.

Samples come in blocks of ``GRAIN`` draws. Sums are taken block by block and added up exactly, so
that kept and streamed samples give the same bytes, and so do draws that several workers tally.
Counts are whole numbers below 2^53, which a float holds exactly. Memory does not grow with the
draws but for the windows of the quantiles, with their square root.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.quantiles import QuantileStream

Floats = npt.NDArray[np.float64]
Samples = Mapping[str, npt.NDArray[np.generic]]
Events = npt.NDArray[np.bool_]
Estimate = tuple[Floats, Floats]  # values and standard errors, by period and what follows

GRAIN = 8_192
MOST_TERMS = 256  # of a sum, before they are made few
QUANTILES = (0.1, 0.5, 0.9)
REACHES = 1 - 1e-9  # a lattice of equal deals must not miss its quota by rounding
OVERACHIEVED = 1.2
QUARTERS_PER_YEAR = 4
READ = (  # of the samples; those of seats that are filled in part are read where they are there
    "bookings", "repeatable_bookings", "windfall_bookings", "activities", "reached", "kpi_attained",
)  # fmt: skip


class Tally:
    """Everything that estimates need of the samples of one rep.

    Parameters
    ----------
    quotas : (quarter,) float, currency
    by_year : bool
        Add four quarters up to a year, samples and quotas alike; KPIs and 'at least k of n' are
        left out then.
    ramped : bool
        Quotas shrink to the productivity of the rep who has yet to ramp; ``quotas`` are those
        stated.
    """

    def __init__(self, quotas: Floats, *, by_year: bool, ramped: bool = False) -> None:
        self.by_year, self.ramped = by_year, ramped
        self._stated = quotas
        self.quotas = _years(quotas) if by_year else quotas
        self.draws = 0
        self.centre = np.zeros_like(self.quotas)  # of bookings: the mean of the first block
        self._centred = False
        self._sums: dict[str, list[Floats]] = defaultdict(list)  # terms, by period and what follows
        self._streams = [[QuantileStream(p) for p in QUANTILES] for _ in self.quotas]

    def add(self, samples: Samples) -> None:
        """Take in the samples of at most ``GRAIN`` draws, arrays (draw, rep, quarter, ...).

        They are worked on as (..., draw): NumPy is slow where each of many draws has few numbers.
        """
        bookings, repeatable, windfall = (
            self._periods(samples[name])
            for name in ("bookings", "repeatable_bookings", "windfall_bookings")
        )
        draws = bookings.shape[1]
        self.draws += draws
        quotas = self._asked(samples)
        attained = np.asarray(bookings >= quotas * REACHES)
        made = self._count("attained", attained)
        self._sum("missed", draws - made)
        self._count("repeatable attained", np.asarray(repeatable >= quotas * REACHES))
        self._count("overachieved", np.asarray(bookings >= OVERACHIEVED * quotas * REACHES))
        self._count("no deal", np.asarray(bookings == 0))
        if not self._centred:  # powers about the middle keep their digits
            self.centre, self._centred = _added(_by_draw(bookings)) / draws, True
        self._moments("bookings", bookings - self.centre[:, None], 4)
        self._moments("windfall", windfall, 2)
        self._moments("shortfall", np.where(attained, 0.0, quotas - bookings), 2)
        for streams, values in zip(self._streams, bookings, strict=True):
            for stream in streams:
                stream.add(values)
        if not self.by_year:
            self._add_quarters(samples, attained, made)

    def fresh(self) -> Tally:
        """Return a tally for draws that follow: it takes moments about the same centre."""
        tally = Tally(self._stated, by_year=self.by_year, ramped=self.ramped)
        tally.centre, tally._centred = self.centre, self._centred
        tally._streams = [[stream.fresh() for stream in row] for row in self._streams]
        return tally

    def merge(self, other: Tally) -> None:
        """Take in what a :meth:`fresh` tally took in: as if its draws had been added here."""
        self.centre, self._centred = other.centre, True
        self.draws += other.draws
        for name, terms in other._sums.items():
            self._sum(name, *terms)
        for row, others in zip(self._streams, other._streams, strict=True):
            for stream, further in zip(row, others, strict=True):
                stream.merge(further)

    def __getstate__(self) -> dict[str, Any]:
        """Send few terms of each sum."""
        sums = {name: _fewest(terms) for name, terms in self._sums.items()}
        return vars(self) | {"_sums": defaultdict(list, sums)}

    def state(self) -> dict[str, Any]:
        """Return what was taken in: whole numbers, arrays, and lists and dicts of them."""
        sums = {name: np.stack(_fewest(terms)) for name, terms in self._sums.items()}
        streams = [[stream.state() for stream in row] for row in self._streams]
        return {"draws": self.draws, "centre": self.centre, "sums": sums, "streams": streams}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take in what another tally's :meth:`state` was, in place of anything else."""
        self.draws, self.centre, self._centred = state["draws"], state["centre"], True
        self._sums = defaultdict(list, {name: list(terms) for name, terms in state["sums"].items()})
        for row, states in zip(self._streams, state["streams"], strict=True):
            for stream, kept in zip(row, states, strict=True):
                stream.restore(kept)

    def probability(self, event: str) -> Estimate:
        """Return P(event) by period."""
        return proportion(self._total(event), np.array(float(self.draws)))

    def conditional(self, event: str, condition: str) -> Estimate:
        """Return P(event | condition); NaN where the condition never held."""
        return proportion(self._total(f"{event} and {condition}"), self._total(condition))

    def mean(self, name: str, *, given: str | None = None) -> Estimate:
        """Return the mean of a quantity, or its mean over the draws where ``given`` held.

        The quantity has to be 0 wherever ``given`` does not hold.
        """
        n = np.asarray(self.draws if given is None else self._total(given), dtype=np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self._total(f"{name} 1") / n
            variance = np.maximum(self._total(f"{name} 2") / n - mean**2, 0.0)
            return mean, np.sqrt(variance / np.maximum(n - 1, 1)) * np.where(n > 0, 1.0, np.nan)

    def sd(self, name: str) -> Estimate:
        """Return the standard deviation; its error is sqrt((m4 - m2^2) / n) / (2 sd).

        Kendall & Stuart, The Advanced Theory of Statistics, vol. 1, 10.9.
        """
        n = self.draws
        a, b, c, d = (self._total(f"{name} {power}") / n for power in (1, 2, 3, 4))
        m2 = np.maximum(b - a**2, 0.0)
        m4 = d - 4 * a * c + 6 * a**2 * b - 3 * a**4
        sd = np.sqrt(m2 * n / max(n - 1, 1))
        with np.errstate(invalid="ignore", divide="ignore"):
            error = np.sqrt(np.maximum(m4 - m2**2, 0.0) / n) / (2 * sd)
        return sd, np.where(sd > 0, error, 0.0)

    def quantiles(self) -> Estimate:
        """Return the quantiles of bookings, (period, probability)."""
        found = np.array([[stream.estimate() for stream in row] for row in self._streams])
        return found[..., 0], found[..., 1]

    def _add_quarters(self, samples: Samples, attained: Events, made: Floats) -> None:
        self._add_whole("activities", samples["activities"])
        self._add_whole("reached", samples["reached"])
        kpis = np.ascontiguousarray(samples["kpi_attained"][:, 0].T, bool)  # (kpi, quarter, draw)
        self._sum("kpi", _number(kpis).T)
        hit = np.asarray(kpis.all(axis=0))
        hits = self._count("kpis", hit)
        both = self._count("attained and kpis", attained & hit)
        self._sum("no kpis", hit.shape[1] - hits)
        self._sum("attained and no kpis", made - both)
        times = attained.sum(axis=0, dtype=np.uint16)
        least = np.arange(1, len(attained) + 1, dtype=np.uint16)
        self._count("at least", np.asarray(times >= least[:, None]))

    def _asked(self, samples: Samples) -> Floats:
        """Return what is held against bookings, (period, draw or 1)."""
        if not self.ramped or "filled" not in samples:
            return self.quotas[:, None]
        filled, productive = (
            np.asarray(samples[name][:, 0].T, np.float64) for name in ("filled", "productive")
        )
        own = self._stated[:, None] * (productive + 1 - filled)
        return _years(own) if self.by_year else own

    def _periods(self, array: npt.NDArray[np.generic]) -> Floats:
        values = np.ascontiguousarray(array[:, 0].T, dtype=np.float64)
        return _years(values) if self.by_year else values

    def _count(self, name: str, events: Events) -> Floats:
        number = _number(events)
        self._sum(name, number)
        return number

    def _moments(self, name: str, values: Floats, powers: int) -> None:
        power = values = _by_draw(values)
        for exponent in range(1, powers + 1):
            self._sum(f"{name} {exponent}", _added(power))
            if exponent < powers:
                power = power * values

    def _add_whole(self, name: str, numbers: npt.NDArray[np.generic]) -> None:
        """Add up whole numbers and their squares: exactly below 2^53, in whatever order."""
        values = numbers[:, 0].T.astype(np.float64, order="C")
        self._sum(f"{name} 1", values.sum(axis=-1).T)
        self._sum(f"{name} 2", np.einsum("...i,...i->...", values, values).T)

    def _sum(self, name: str, *further: Floats) -> None:
        terms = self._sums[name]
        terms += further
        if len(terms) > MOST_TERMS:
            self._sums[name] = _fewest(terms)

    def _total(self, name: str) -> Floats:
        """Return the exactly rounded sum over all blocks."""
        return _rounded(np.stack(self._sums[name]))


def _number(events: Events) -> Floats:
    """Count events, (..., draw) -> (...)."""
    rows = events.reshape(-1, events.shape[-1])
    counts = [np.count_nonzero(each) for each in rows]
    return np.array(counts, np.float64).reshape(events.shape[:-1])


def _fewest(terms: list[Floats]) -> list[Floats]:
    """Return the fewest terms whose sum is the same, exactly: three, as a rule.

    A sum rounded once, by fsum, leaves a remainder that is a sum, too.
    """
    left = np.stack(terms)
    few: list[Floats] = []
    while not few or few[-1].any():
        few.append(_rounded(left))
        if not np.isfinite(few[-1]).all():  # a law that books beyond all bounds
            return few
        left = np.concatenate([left, -few[-1][None]])
    return few[: max(len(few) - 1, 1)]


def _rounded(terms: Floats) -> Floats:
    """Return the sums over terms, (term, ...) -> (...), each the float that is nearest."""
    columns = terms.reshape(len(terms), -1).T
    return np.array([math.fsum(column) for column in columns]).reshape(terms.shape[1:])


def proportion(successes: Floats, trials: Floats) -> Estimate:
    """Return a proportion and its standard error, NaN where there was no trial.

    The error is that of (successes + 1/2) / (trials + 1), the mean of Jeffreys' posterior: where
    all or none of a few trials succeeded, the plain formula would claim to know for certain.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        value = successes / trials
        centre = (successes + 0.5) / (trials + 1)
        error = np.sqrt(centre * (1 - centre) / (trials + 1))
    return value, np.where(trials > 0, error, np.nan)


def never_certain(pair: Estimate, trials: Floats | float) -> Estimate:
    """Return shares with their errors, none of which is 0.

    Where all or none of so many draws had the event, the spread over draws is 0, as if this were
    certain; the error of a proportion of as many stands instead. Quarters of one draw are no trials
    of their own: they share the rep.
    """
    value, error = pair
    trials = np.asarray(trials, dtype=np.float64)
    _, instead = proportion(np.round(value) * trials, trials)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = 1e-3 / trials  # sums of shares are 0 or 1 up to rounding only
    return value, np.where((value < apart) | (value > 1 - apart), instead, error)


def occasions(share: Floats, periods: int, draws: int) -> Floats:
    """Return the draws that have an event at least once, at least if it is spread evenly.

    ``share`` is that of all periods, so many a draw, in which it happens.
    """
    return np.asarray(np.minimum(share * periods, 1.0) * draws)


def _years(values: Floats) -> Floats:
    """Add quarters up to complete years, (quarter, ...) -> (year, ...)."""
    years = len(values) // QUARTERS_PER_YEAR
    whole = values[: years * QUARTERS_PER_YEAR]
    return np.asarray(whole.reshape(years, QUARTERS_PER_YEAR, *values.shape[1:]).sum(axis=1))


def _by_draw(values: Floats) -> Floats:
    """Return (period, draw) as (draw, period)."""
    return np.ascontiguousarray(values.T)


def _added(values: Floats) -> Floats:
    """Return the sums over draws, (draw, period) -> (period,).

    Several periods are added up draw by draw, as ``sum`` does, which takes four times as long.
    """
    return np.asarray(values.sum(axis=0) if values.shape[1] == 1 else np.einsum("ij->j", values))
