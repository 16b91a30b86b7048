"""Hypothesis strategies of plans in which every part of the model meets every other.

Small enough for the slow twin: few activities, short delays, few seats, and lives so short that
seats change hands inside the horizon. Plain data, so that a test may add to it.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

pick = st.sampled_from
Data = dict[str, Any]

size_laws = st.one_of(
    st.just({"law": "fixed", "mean": 84_000.0}),
    st.builds(
        lambda law, cv: {"law": law, "mean": 84_000.0, "cv": cv},
        pick(["lognormal", "gamma"]), pick([0.3, 1.0, 2.0]),
    ),
    st.just({"law": "pareto", "minimum": 30_000.0, "shape": 1.8}),
    st.just({"law": "empirical", "amounts": [10_000.0, 90_000.0, 40_000.0]}),
)  # fmt: skip
POLICIES = [
    {},
    {"floor_per_week": 30, "adherence": 0.5},
    {"cap_per_week": 25},
    {"floor_per_week": 20, "cap_per_week": 40, "start_week": 3, "adherence": 0.8},
]


@st.composite
def stages(draw: st.DrawFn) -> list[Data]:
    count = draw(pick([1, 2, 3, 4, 8]))
    conversions = [draw(pick([0.02, 0.05, 0.0]))]
    conversions += [draw(pick([0.3, 0.6, 1.0])) for _ in range(count - 1)]
    made = []
    for index, conversion in enumerate(conversions):
        stage = {"name": f"stage {index}", "conversion": conversion}
        stage["days"] = draw(pick([0.0, 5.0, 20.0]))
        stage["days_cv"] = draw(pick([0.0, 0.5, 1.0]))
        if draw(st.booleans()):
            stage["lost_days"] = draw(pick([0.0, 3.0, 30.0]))
        if draw(st.booleans()):
            observed = {"law": "empirical", "days": [1.0, 2.0, 40.0]}
            stage["delay"] = draw(pick([{"law": "gamma"}, observed]))
        stage["stalled"] = draw(pick([0.0, 0.3]))
        if conversion and conversion < 1:
            stage["rep_cv"] = draw(pick([0.0, 0.3]))
        made.append(stage)
    return made


@st.composite
def inflow(draw: st.DrawFn, name: str, funnel: list[Data]) -> Data:
    """A source that enters any stage, with conversions, days and sizes of its own, or none."""
    enters = draw(st.integers(0, len(funnel) - 1))
    later = funnel[enters + 1 :]
    rate = draw(pick([{"per_week": 0.0}, {"per_week": 0.4}, {"per_week": 3.0},
                      {"per_sdr_week": 4.0, "sdrs_per_rep": 0.25}]))  # fmt: skip
    made: Data = {"name": name, "enters": funnel[enters]["name"], **rate}
    made["conversion"] = {
        stage["name"]: draw(pick([0.4, 0.8])) for stage in later if draw(st.booleans())
    }
    made["days"] = {
        stage["name"]: draw(pick([0.0, 8.0])) for stage in funnel[enters:] if draw(st.booleans())
    }
    size = [{}, {"mean": 40_000.0, "law": "fixed"}, {"law": "lognormal", "mean": 9e4, "cv": 0.4},
            {"whale": {"probability": 0.5, "multiple": 3.0}}]  # fmt: skip
    made["deal_size"] = draw(pick(size))
    if later and draw(st.booleans()):
        slow = {"minutes": 42.0, "measured_at": 10.0, "decay": 0.45}
        certain = later[0]["conversion"] == 1  # or faster answers would lift it beyond 1
        made["response"] = draw(pick([slow, slow if certain else slow | {"minutes": 9.0}]))
    made["tag"] = draw(pick(["new", "expansion"]))
    return made


@st.composite
def assist(draw: st.DrawFn, name: str, funnel: list[Data]) -> Data:
    made: Data = {"name": name, "at": draw(pick(funnel[1:]))["name"]}
    made |= draw(pick([{"coverage": 0.4}, {"coverage": 1.0}, {"per_quarter": 2.0}]))
    return made | {"odds": draw(pick([0.5, 1.0, 2.5])), "size": draw(pick([1.0, 1.5]))}


@st.composite
def team(draw: st.DrawFn) -> Data:
    """Who is there: headcount, ramp, attrition, hiring; the keys that a segment may state."""
    made: Data = {"headcount": draw(pick([1, 1, 2]))}
    if draw(st.booleans()):
        made["ramp"] = {"weeks": draw(pick([0.5, 7.0, 20.0])), "from": draw(pick([0.0, 0.4])),
                        "weeks_cv": draw(pick([0.0, 0.5]))}  # fmt: skip
    if draw(pick([True, True, False])):
        made["attrition"] = {
            "per_year": draw(pick([0.0, 0.9, 0.9999])),
            "fill_weeks": draw(pick([0.0, 2.5, 6.0])),
            "fill_weeks_cv": draw(pick([0.0, 0.7])),
            "handover": draw(pick([0.0, 0.5, 1.0])),
        }
    weeks = draw(st.lists(pick([-300, -6, 0, 3, 11, 90]), max_size=2))
    made["hiring"] = [{"week": week, "reps": draw(pick([1, 1, 2]))} for week in weeks]
    return made


def uncertain_paths(data: Data) -> list[str]:
    """Every parameter of a plan that may be uncertain."""

    def inside(value: float) -> bool:
        return 0 < value < 1

    paths = ["activity.per_week"]
    for stage in data["stages"]:
        if inside(stage["conversion"]):
            paths.append(f'stages."{stage["name"]}".conversion')
        if data["calendar"]["start"] == "empty" and stage["days"]:
            paths.append(f'stages."{stage["name"]}".days')
    size = data.get("deal_size", {})
    paths += [f"deal_size.{key}" for key in ("mean", "minimum") if key in size]
    if "whale" in size:
        paths.append("deal_size.whale.probability")
    windfall, policy = data.get("windfall", {}), data["policy"]
    if windfall.get("per_quarter"):
        paths.append("windfall.per_quarter")
    paths += ["windfall.mean"] * ("mean" in windfall)
    paths += ["policy.adherence"] * ("adherence" in policy)
    for source in data["sources"]:
        if source.get("per_week"):
            paths.append(f"sources.{source['name']}.per_week")
        paths += [f'sources.{source["name"]}.conversion."{name}"' for name in source["conversion"]]
    for each in data["assists"]:
        paths.append(f"assists.{each['name']}.odds")
        if inside(each.get("coverage", 0)):
            paths.append(f"assists.{each['name']}.coverage")
    paths += ["ramp.weeks"] * ("ramp" in data)
    attrition = data.get("attrition", {})
    paths += ["attrition.per_year"] * (attrition.get("per_year") == 0.9)
    return paths + ["attrition.handover"] * inside(attrition.get("handover", 0))


@st.composite
def uncertainty(draw: st.DrawFn, data: Data) -> Data:
    """Some parameters that are not known, a few of them moved by the same luck."""
    chosen = draw(st.lists(pick(uncertain_paths(data)), unique=True, max_size=4))
    shared = draw(st.booleans())
    return {
        path: {"cv": 0.1 if "per_year" in path else 0.2} | ({"luck": "all one"} if shared else {})
        for path in chosen
    }


@st.composite
def kpis(draw: st.DrawFn, data: Data) -> list[Data]:
    names = [stage["name"] for stage in data["stages"]]
    metrics = ["activities", "pipeline", *names, *(each["name"] for each in data["assists"])]
    made = []
    for index in range(draw(st.integers(0, 3))):
        kpi: Data = {"name": f"kpi {index}", "metric": draw(pick(metrics))}
        if kpi["metric"] == "pipeline":
            kpi["at"] = draw(pick(names))
        kpi["target"] = draw(pick([1.0, 10.0, 50.0, 100_000.0]))
        kpi["per"] = draw(pick(["week", "month", "quarter"]))
        made.append(kpi | {"share": draw(pick([0.3, 1.0])), "logged": draw(pick([1.0, 0.6]))})
    return made


@st.composite
def plans(draw: st.DrawFn) -> Data:
    """Plain data of a plan without segments."""
    funnel = draw(stages())
    size = draw(size_laws)
    if draw(st.booleans()):
        size = size | {"whale": {"probability": 0.3, "multiple": 4.0}, "rep_cv": 0.4}
    windfall = draw(st.none() | size_laws)
    assists = draw(st.lists(pick(["on-site", "introduction"]), max_size=2, unique=True))
    data: Data = {
        "name": "random",
        "quota": {"per_quarter": 200_000.0},
        "calendar": {
            "quarters": draw(pick([1, 2, 3, 4])),
            "weeks_per_quarter": draw(pick([13, 4])),
            "start": draw(pick(["steady", "empty"])),
        },
        "activity": {
            "per_week": draw(pick([30.0, 0.5])),
            "week_cv": draw(pick([0.0, 0.6])),
            "rep_cv": draw(pick([0.0, 0.4])),
            "elasticity": draw(pick([1.0, 0.5])),
        },
        "stages": funnel,
        "deal_size": size,
        "policy": draw(pick(POLICIES)),
        "market": {
            "cv": draw(pick([0.0, 0.3])),
            "persistence": draw(pick([0.0, 0.7])),
            "season": draw(pick([(1.0, 1.0, 1.0, 1.0), (0.5, 1.0, 2.0, 0.0)])),
        },
        "skill_correlation": draw(pick([0.0, 0.5])),
        "sources": [
            draw(inflow(name, funnel))
            for name in draw(st.lists(pick(["inbound", "partner"]), max_size=2, unique=True))
        ],
        "assists": [draw(assist(name, funnel)) for name in assists if len(funnel) > 1],
        **draw(team()),
    }
    if windfall is not None:
        data["windfall"] = windfall | {"per_quarter": draw(pick([0.0, 1.5]))}
    if draw(pick([False, False, False, False, True])):
        data = counting_wins(data)
    data["kpis"] = draw(kpis(data))
    data["uncertainty"] = draw(uncertainty(data))
    return data


def counting_wins(data: Data) -> Data:
    """The same plan with a quota of wins, which leaves nothing to be sized."""
    data = {key: value for key, value in data.items() if key not in ("deal_size", "windfall")}
    data["quota"] = {"per_quarter": 3.0, "of": "wins"}
    data["sources"] = [{key: each[key] for key in each if key != "deal_size"}
                       for each in data["sources"]]  # fmt: skip
    data["assists"] = [each | {"size": 1.0} for each in data["assists"]]
    return data


@st.composite
def segments(draw: st.DrawFn) -> Data:
    """Plain data of a plan with two segments, of which one differs from the top level."""
    data = draw(plans())
    start = pick(["empty", data["calendar"]["start"]])
    other: Data = {"name": "south", **draw(team()), "start": draw(start)}
    known = uncertain_paths(data | other)
    data["uncertainty"] = {path: data["uncertainty"][path] for path in data["uncertainty"]
                           if path in known}  # fmt: skip
    other["stages"] = {data["stages"][-1]["name"]: {"conversion": draw(pick([0.2, 0.5]))}}
    return data | {"segments": [{"name": "north"}, other]}
