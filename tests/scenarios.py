"""Hypothesis strategies of valid scenarios, for tests that need any plan at all."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from funnelsim.scenario.model import RESERVED, Scenario

probabilities = st.floats(0, 1)
amounts = st.floats(1, 1e9)
names = (
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
    | st.sampled_from(["big deals", 'a "quoted" one', "won.twice", "<script>", "$x$", "é", "[0]"])
).filter(lambda name: name[0] not in "=+-@\uff1d\uff0b\uff0d\uff20" and name not in RESERVED)


def spreads(widest: float) -> st.SearchStrategy[float]:
    return st.just(0.0) | st.floats(0.001, widest)


def maybe(**optional: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the keys."""
    return st.fixed_dictionaries({}, optional=optional)


def with_keys(
    base: st.SearchStrategy[dict[str, Any]], more: st.SearchStrategy[dict[str, Any]]
) -> st.SearchStrategy[dict[str, Any]]:
    """Both dictionaries in one."""
    return st.builds(lambda one, two: {**one, **two}, base, more)


size_laws = st.one_of(
    st.fixed_dictionaries({"law": st.just("fixed"), "mean": amounts}),
    st.fixed_dictionaries(
        {
            "law": st.sampled_from(["lognormal", "gamma"]),
            "mean": amounts,
            "cv": st.floats(0.01, 10),
        }
    ),
    st.fixed_dictionaries(
        {"law": st.just("pareto"), "minimum": amounts, "shape": st.floats(1.01, 100)}
    ),
    st.fixed_dictionaries(
        {"law": st.just("empirical"), "amounts": st.lists(amounts, min_size=1, max_size=5)}
    ),
)
delays = st.one_of(
    st.just({"law": "gamma"}),
    st.just({"law": "lognormal"}),
    st.fixed_dictionaries(
        {
            "law": st.just("empirical"),
            "days": st.lists(st.floats(0.5, 90), min_size=1, max_size=4),
        }
    ),
)
activities = with_keys(
    st.fixed_dictionaries({"per_week": st.floats(0.5, 300)})
    | st.fixed_dictionaries({"per_quarter": st.floats(5, 4_000)}),
    maybe(
        week_cv=spreads(2),
        rep_cv=spreads(2),
        elasticity=st.floats(0.1, 1),
        reference_per_week=st.floats(1, 300),
    ),
)


def stage(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return with_keys(
        st.fixed_dictionaries({"name": st.just(name), "conversion": st.floats(0.001, 0.8)}),
        maybe(
            days=st.floats(0, 60),
            days_cv=spreads(2),
            lost_days=st.floats(0, 90),
            stalled=probabilities,
            rep_cv=spreads(0.45),
            delay=delays,
        ),
    )


@st.composite
def data(draw: st.DrawFn) -> dict[str, Any]:
    """Plain data of a valid scenario, as a file would state it."""
    quarters = draw(st.integers(1, 6))
    stages = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    kpi_names = draw(st.lists(names, max_size=3, unique=True))
    floor = draw(st.integers(0, 100))
    amount = st.floats(1, 1e7)
    stated: dict[str, Any] = {
        "name": draw(names),
        "quota": {
            "per_quarter": draw(amount | st.lists(amount, min_size=quarters, max_size=quarters))
        },
        "activity": draw(activities),
        "stages": [draw(stage(name)) for name in stages],
        "deal_size": draw(
            with_keys(
                size_laws,
                maybe(
                    rep_cv=spreads(2),
                    whale=st.fixed_dictionaries(
                        {"probability": probabilities, "multiple": st.floats(1.01, 50)}
                    ),
                ),
            )
        ),
        "calendar": draw(
            with_keys(
                st.just({"quarters": quarters}),
                maybe(weeks_per_quarter=st.integers(3, 20), start=st.just("empty")),
            )
        ),
    }
    optional = maybe(
        currency=st.sampled_from(["EUR", "USD", "kr"]),
        skill_correlation=probabilities,
        skill_loadings=st.dictionaries(
            st.sampled_from(["activity", "size", *stages]), st.floats(-1, 1)
        ),
        windfall=with_keys(size_laws, st.fixed_dictionaries({"per_quarter": st.floats(0, 3)})),
        policy=maybe(
            floor_per_week=st.just(floor),
            cap_per_week=st.integers(floor, 200),
            adherence=probabilities,
            start_week=st.integers(0, 50),
        ),
        market=maybe(
            cv=spreads(2),
            persistence=st.floats(0, 0.99),
            season=st.lists(st.floats(0, 10), min_size=4, max_size=4),
        ),
        kpis=st.tuples(
            *(
                with_keys(
                    st.fixed_dictionaries(
                        {
                            "name": st.just(name),
                            "metric": st.sampled_from(["activities", *stages]),
                            "target": st.floats(0, 1e4),
                            "per": st.sampled_from(["week", "month", "quarter"]),
                        }
                    ),
                    maybe(share=st.floats(0.01, 1), logged=st.floats(0.01, 1)),
                )
                for name in kpi_names
            )
        ).map(list),
        variants=st.dictionaries(
            names,
            maybe(
                activity=st.fixed_dictionaries({"per_week": st.floats(1, 300)}),
                stages=st.fixed_dictionaries(
                    {}, optional={name: maybe(stalled=probabilities) for name in stages}
                ),
                deal_size=size_laws,
                quota=st.fixed_dictionaries({"per_quarter": amount}),
            ),
            max_size=3,
        ),
    )
    return {**stated, **draw(optional)}


scenarios = data().map(lambda stated: Scenario(**stated))
