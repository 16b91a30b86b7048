"""What might be done next: one more of something, for one segment or for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

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
                 _more_activity),
        *_of_all("a point of win rate", WIN_RATE, segments, _more_wins),
        *_of_all(f"{LESS_RAMP:g} weeks less ramp", RAMP, segments, _less_ramp),
        *_of_all(f"{100 * LESS_ATTRITION:g} points less attrition", ATTRITION, segments,
                 _less_attrition),
        *_of_all(f"hires {SOONER} weeks sooner", HIRING, segments, _sooner),
    ]  # fmt: skip


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
    """Yield a further SDR of each segment, and one for each pod."""
    several = len(segments) > 1
    for name, segment in segments.items():
        where = f" in {name}" if several else ""
        for source in segment.sources:
            each = source.sdrs_per_rep
            if not source.per_sdr_week or not each or not segment.headcount:
                continue
            path = f"sources.{quoted(source.name)}.sdrs_per_rep"
            more = each + 1 / segment.headcount
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
                count=segment.headcount / pod,
                changed={name: segment.replace({path: each + 1 / pod})},
            )


def _of_all(
    name: str,
    kind: str,
    segments: dict[str, Scenario],
    change: Callable[[Scenario], Scenario | None],
) -> Iterator[Step]:
    """Yield a step of all segments that leave room for it, if any."""
    changed = {}
    for each, segment in segments.items():
        try:
            moved = change(segment)
        except ScenarioError:  # there is no more to be had
            continue
        if moved is not None and moved != segment:
            changed[each] = moved
    if changed:
        yield Step(name, kind, changed=changed)


def _more_activity(segment: Scenario) -> Scenario | None:
    if segment.effort is not None:
        return segment.replace(
            {"effort.hours_per_week": MORE_ACTIVITY * segment.effort.hours_per_week}
        )
    for key in ("per_week", "per_quarter"):
        if level := getattr(segment.activity, key):
            return segment.replace({f"activity.{key}": MORE_ACTIVITY * level})
    return None


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
    return segment.replace({"ramp.weeks": max(segment.ramp.weeks - LESS_RAMP, LEAST_RAMP)})


def _less_attrition(segment: Scenario) -> Scenario | None:
    if segment.attrition is None:
        return None
    lower = max(segment.attrition.per_year - LESS_ATTRITION, 0.0)
    return segment.replace({"attrition.per_year": lower})


def _sooner(segment: Scenario) -> Scenario:
    hiring = tuple(hire.model_copy(update={"week": hire.week - SOONER}) for hire in segment.hiring)
    return segment.model_copy(update={"hiring": hiring})
