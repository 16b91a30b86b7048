"""Hypothesis strategies of scenarios with sources, assists, effort, uncertainty and segments."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from funnelsim.scenario.model import RESERVED, Scenario
from scenarios import amounts, data, maybe, names, probabilities, spreads, with_keys

ramps = with_keys(
    st.fixed_dictionaries({"weeks": st.floats(1, 60)}),
    maybe(**{"from": probabilities, "weeks_cv": spreads(2)}),
)
attritions = with_keys(
    st.fixed_dictionaries({"per_year": st.floats(0, 0.9), "fill_weeks": st.floats(0, 30)}),
    maybe(fill_weeks_cv=spreads(2), handover=probabilities),
)
hirings = st.lists(
    with_keys(
        st.fixed_dictionaries({"week": st.integers(-20, 100)}), maybe(reps=st.integers(1, 3))
    ),
    max_size=3,
)
seats = maybe(headcount=st.integers(1, 9), ramp=ramps, attrition=attritions, hiring=hirings)


@st.composite
def sources(draw: st.DrawFn, stages: list[str]) -> list[dict[str, Any]]:
    found = []
    taken = ("activity", "windfall")
    for name in draw(
        st.lists(names.filter(lambda each: each not in taken), max_size=2, unique=True)
    ):
        first = draw(st.integers(0, len(stages) - 1))
        rate = draw(
            st.fixed_dictionaries({"per_week": st.floats(0, 5)})
            | st.fixed_dictionaries(
                {"per_sdr_week": st.floats(0, 5), "sdrs_per_rep": st.floats(0, 2)}
            )
        )
        later = stages[first + 1 :]
        other = maybe(
            enters=st.just(stages[first]),
            days=st.fixed_dictionaries({}, optional={each: st.floats(0, 30) for each in later}),
            conversion=st.fixed_dictionaries(
                {}, optional={each: st.floats(0.01, 0.8) for each in later}
            ),
            tag=st.sampled_from(["new", "expansion"]),
        )
        source = {"name": name, **rate, "enters": stages[first], **draw(other)}
        if later and draw(st.booleans()):
            source["response"] = {"minutes": 60.0, "measured_at": 30.0, "decay": 0.45}
        found.append(source)
    return found


@st.composite
def assists(draw: st.DrawFn, stages: list[str]) -> list[dict[str, Any]]:
    free = names.filter(lambda name: name not in (*stages, *RESERVED))
    return [
        {
            "name": name,
            "at": draw(st.sampled_from(stages[1:])),
            "odds": draw(st.floats(0.1, 10)),
            **draw(
                st.fixed_dictionaries({"coverage": probabilities})
                | st.fixed_dictionaries({"per_quarter": st.floats(0, 50)})
            ),
        }
        for name in draw(st.lists(free, max_size=2 if len(stages) > 1 else 0, unique=True))
    ]


@st.composite
def segments(draw: st.DrawFn, stages: list[str]) -> list[dict[str, Any]]:
    found = []
    for name in draw(st.lists(names, min_size=1, max_size=3, unique=True)):
        segment = {"name": name, **draw(seats)}
        if draw(st.booleans()):
            preset = draw(st.sampled_from(["mid_market", "sdr_assisted", "enterprise"]))
            # What the top level says of its own stages is not of the preset's.
            own = {"kpis": [], "assists": [], "sources": [], "skill_loadings": {}, "variants": 0}
            del own["variants"]
            segment |= {"preset": preset, **own}
        elif draw(st.booleans()):
            segment["stages"] = {draw(st.sampled_from(stages)): {"stalled": draw(probabilities)}}
        segment |= draw(
            maybe(
                start=st.sampled_from(["steady", "empty"]),
                activity=st.fixed_dictionaries({"per_week": st.floats(1, 200)}),
                quota=st.fixed_dictionaries({"per_quarter": amounts}),
            )
        )
        found.append(segment)
    return found


@st.composite
def team_data(draw: st.DrawFn) -> dict[str, Any]:
    """Plain data of a valid scenario with some of the tables about ways in and the team."""
    stated = copy.deepcopy(draw(data()))  # strategies share their constants
    stages = [stage["name"] for stage in stated["stages"]]
    for stage in stated["stages"]:
        stage.pop("rep_cv", None)  # sources may convert better than such a spread allows
    stated |= draw(seats)
    stated["sources"] = draw(sources(stages))
    stated["assists"] = draw(assists(stages))
    stated["uncertainty"] = {}
    if draw(st.booleans()):
        stated["uncertainty"]["activity.per_week"] = {"cv": draw(spreads(1))}
    elif draw(st.booleans()):
        stated["effort"] = {
            "hours_per_week": 100.0,
            "hours": {"activity": draw(st.floats(0.1, 2)), stages[-1]: draw(st.floats(0, 1))},
            "open_week": draw(st.floats(0, 0.01)),
        }
        for source in stated["sources"]:
            source.pop("per_sdr_week", None), source.pop("sdrs_per_rep", None)
            source["per_week"] = 1.0
        stated["activity"] = {
            key: value
            for key, value in stated["activity"].items()
            if key not in ("per_week", "per_quarter")
        }
    if draw(st.booleans()):
        stated["segments"] = draw(segments(stages))
        stated["uncertainty"] |= draw(
            maybe(
                **{f"segments.{_quoted(each['name'])}.activity.per_quarter":
                   st.just({"cv": 0.1, "luck": "effort"})
                   for each in stated["segments"] if "effort" not in stated}
            )
        )  # fmt: skip
    if draw(st.booleans()):
        stated["plan"] = draw(
            st.fixed_dictionaries({"target": amounts})
            | st.fixed_dictionaries({"over_assignment": st.floats(0.5, 2)})
        )
    return stated


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


team_scenarios = team_data().map(lambda stated: Scenario(**stated))
