"""What might be done next: one more of something, for one segment or for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from funnelsim.analysis.economics.accounts import presence
from funnelsim.analysis.sizing.search import with_hires
from funnelsim.errors import ScenarioError
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.wording import quoted

MORE_ACTIVITY = 1.10
POINT = 0.01
LESS_RAMP = 2.0  # weeks
LEAST_RAMP = 0.01  # weeks: none, as far as a week can tell
LESS_ATTRITION = 0.05  # of reps, a year
SOONER = 4  # weeks
LARGEST_POD = 12  # reps

REP, HIRE, SDR, POD = "rep", "hire", "SDR", "pod"
ACTIVITY, WIN_RATE, RAMP = "activity", "win rate", "ramp"
ATTRITION, HIRING = "attrition", "hiring"
KINDS = (REP, HIRE, SDR, POD, ACTIVITY, WIN_RATE, RAMP, ATTRITION, HIRING)


@dataclass(frozen=True)
class Step:
    """Something that might be done.

    Attributes
    ----------
    name : str
        In words.
    kind : str
        What its cost is stated for: one of ``KINDS``.
    segment : str or None
        Where it is done; None: everywhere.
    count : float
        Of what costs something, how many: SDRs of all pods, otherwise 1.
    changed : dict of str to Scenario
        Segments that are other than before.
    """

    name: str
    kind: str
    segment: str | None = None
    count: float = 1.0
    changed: dict[str, Scenario] = field(default_factory=dict)

    @property
    def is_a_seat(self) -> bool:
        """Whether it adds one rep to its segment, the last of the hires of ``changed`` if any."""
        return self.kind in (REP, HIRE)


def steps_of(segments: dict[str, Scenario]) -> list[Step]:
    """Return the steps that the segments of a plan leave room for."""
    return [
        *_seats(segments),
        *_sdrs(segments),
        *_of_all(f"{MORE_ACTIVITY - 1:.0%} more activity".replace("%", " %"), ACTIVITY, segments,
                 lambda segment: with_activity(segment, MORE_ACTIVITY)),
        *_of_all("a point of win rate", WIN_RATE, segments, _more_wins),
        *_of_all("{} less ramp", RAMP, segments, _less_ramp, _ramp_saved),
        *_of_all("{} less attrition", ATTRITION, segments, _less_attrition, _leavers_saved),
        *_of_all("hires {} sooner", HIRING, segments, _sooner, _weeks_saved),
    ]  # fmt: skip


def with_activity(segment: Scenario, times: float) -> Scenario:
    """Return a segment whose reps do so many times as much, or have so many times the hours.

    Raises
    ------
    ScenarioError
        Where nobody can do that.

    Examples
    --------
    >>> import funnelsim as fs
    >>> with_activity(fs.preset("sales_math"), 1.2).activity.per_quarter
    900.0
    """
    if times == 1:
        return segment
    if segment.effort is not None:
        return segment.replace({"effort.hours_per_week": times * segment.effort.hours_per_week})
    key = "per_week" if segment.activity.per_quarter is None else "per_quarter"
    return segment.replace({f"activity.{key}": times * getattr(segment.activity, key)})


def _seats(segments: dict[str, Scenario]) -> Iterator[Step]:
    """Yield a further rep of each segment: on day 0, and hired now where that is not the same."""
    several = len(segments) > 1
    for name, segment in segments.items():
        where = f" in {name}" if several else ""
        yield Step(f"a rep{where}, day 0", REP, name)
        if segment.ramp is not None or segment.calendar.start == "steady":
            hired = {name: with_hires(segment, 0, 1)}
            yield Step(f"a hire{where}, week 0", HIRE, name, changed=hired)


def _sdrs(segments: dict[str, Scenario]) -> Iterator[Step]:
    """Yield a further SDR of each segment, and one for each pod.

    Reps to be hired have their part of an SDR from then on: it is one on average of the horizon.
    """
    several = len(segments) > 1
    for name, segment in segments.items():
        where = f" in {name}" if several else ""
        for source in segment.sources:
            each = source.sdrs_per_rep
            if not source.per_sdr_week or not each or not segment.headcount:
                continue
            path = f"sources.{quoted(source.name)}.sdrs_per_rep"
            reps_there = float(presence(segment).sum(axis=0).mean())
            more = each + 1 / reps_there
            of = f" ({source.name})" if len(segment.sources) > 1 else ""
            yield Step(
                f"an SDR{where}{of}", SDR, name, changed={name: segment.replace({path: more})}
            )
            pod = Fraction(each).limit_denominator(LARGEST_POD).denominator
            reps = "rep" if pod == 1 else f"{pod} reps"
            yield Step(
                f"an SDR per {reps}{where}{of}",
                POD,
                name,
                count=reps_there / pod,
                changed={name: segment.replace({path: each + 1 / pod})},
            )


def _of_all(
    name: str,
    kind: str,
    segments: dict[str, Scenario],
    change: Callable[[Scenario], Scenario | None],
    saved: Callable[[Scenario, Scenario], Iterator[tuple[float, str]]] | None = None,
) -> Iterator[Step]:
    """Yield a step of all segments that leave room for it, if any, by the name of what is done."""
    changed = {}
    for each, segment in segments.items():
        try:
            moved = change(segment)
        except ScenarioError:  # there is no more to be had
            continue
        if moved is not None and moved != segment:
            changed[each] = moved
    if changed:
        amounts = (
            []
            if saved is None
            else [each for name_, then in changed.items() for each in saved(segments[name_], then)]
        )
        yield Step(name.format(_said(amounts)), kind, changed=changed)


def _said(amounts: list[tuple[float, str]]) -> str:
    """Return amounts and their unit in words: one that holds for all, or the largest."""
    if not amounts:
        return ""
    most, unit = max(amounts)
    count = f"{most:.3g}"
    cut = any(f"{each:.3g}" != count for each, _ in amounts)
    return f"{'up to ' if cut else ''}{count} {unit}{'' if count == '1' else 's'}"


def _more_wins(segment: Scenario) -> Scenario:
    """Return a segment that wins a hundredth more, whatever source a deal comes from."""
    last = segment.stages[-1]
    won = quoted(last.name)
    changes = {f"stages.{won}.conversion": last.conversion + POINT} | {
        f"sources.{quoted(source.name)}.conversion.{won}": source.conversion[last.name] + POINT
        for source in segment.sources
        if last.name in source.conversion
    }
    return segment.replace(changes)


def _less_ramp(segment: Scenario) -> Scenario | None:
    leaves = segment.attrition is not None and segment.attrition.per_year > 0
    if segment.ramp is None or not (leaves or segment.hiring):
        return None
    shorter = max(segment.ramp.weeks - LESS_RAMP, min(LEAST_RAMP, segment.ramp.weeks))
    return segment.replace({"ramp.weeks": shorter})


def _less_attrition(segment: Scenario) -> Scenario | None:
    if segment.attrition is None:
        return None
    lower = max(segment.attrition.per_year - LESS_ATTRITION, 0.0)
    return segment.replace({"attrition.per_year": lower})


def _sooner(segment: Scenario) -> Scenario:
    """Return a segment whose hires to come are made sooner, none of them in the past."""
    hiring = tuple(
        hire.model_copy(update={"week": max(hire.week - SOONER, 0)}) if hire.week > 0 else hire
        for hire in segment.hiring
    )
    return segment.model_copy(update={"hiring": hiring})


def _ramp_saved(now: Scenario, then: Scenario) -> Iterator[tuple[float, str]]:
    if now.ramp is not None and then.ramp is not None:
        yield round(now.ramp.weeks - then.ramp.weeks, 1), "week"


def _leavers_saved(now: Scenario, then: Scenario) -> Iterator[tuple[float, str]]:
    if now.attrition is not None and then.attrition is not None:
        yield 100 * (now.attrition.per_year - then.attrition.per_year), "point"


def _weeks_saved(now: Scenario, then: Scenario) -> Iterator[tuple[float, str]]:
    for before, after in zip(now.hiring, then.hiring, strict=True):
        if before.week != after.week:
            yield before.week - after.week, "week"
