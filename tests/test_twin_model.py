"""The exact twin gives every value that model.md marks =, to the digits stated there."""

from __future__ import annotations

import pytest

from funnelsim.twin.ageing import ageing
from funnelsim.twin.delays import in_window
from funnelsim.twin.exact import exact
from twin_plans import WHALES, WINDFALL, attained, sales_math, shares_of, sized, value

DIGITS = 5.1e-7  # half a unit of the sixth decimal


@pytest.mark.parametrize(
    ("changes", "probability"),
    [
        ({}, 0.451006),
        ({"windfall": WINDFALL}, 0.470132),
        ({"deal_size": {"law": "fixed", "mean": 84_000}}, 0.576810),
        ({"conversions": (0.02, 0.6, 0.33)}, 0.444751),
    ],
)
def test_anchors(changes: dict, probability: float) -> None:
    assert attained(sales_math(**changes)) == pytest.approx(probability, abs=DIGITS)


@pytest.mark.parametrize(
    ("changes", "activities"), [({"windfall": WINDFALL}, 1276.4), ({}, 1295.2)]
)
def test_eight_in_ten_take_so_many_activities(changes: dict, activities: float) -> None:
    below, above = (
        attained(sales_math(activity={"per_quarter": activities + step}, **changes))
        for step in (-0.05, 0.05)
    )
    assert below < 0.80 < above


@pytest.mark.parametrize(
    ("activities", "p", "repeatable", "dependence", "spread", "three_of_four", "six_of_eight"),
    [
        (375, 0.194247, 0.132607, 0.317330, 1.4052, 0.025046, 0.001046),
        (750, 0.498920, 0.432169, 0.133791, 1.0032, 0.310882, 0.143119),
        (1276, 0.813836, 0.774264, 0.048624, 0.7721, 0.840070, 0.826552),
    ],
)
def test_luck_and_repeatability(
    activities: float,
    p: float,
    repeatable: float,
    dependence: float,
    spread: float,
    three_of_four: float,
    six_of_eight: float,
) -> None:
    def lucky(quarters: int):
        return exact(
            sales_math(
                activity={"per_quarter": activities},
                deal_size=sized(whale=WHALES),
                windfall=WINDFALL,
                calendar={"quarters": quarters},
            )
        )

    four, eight = lucky(4), lucky(8)
    found = value(four, "attainment_probability", quarter=2)
    found_repeatable = value(four, "repeatable_attainment_probability", quarter=2)
    cv = value(four, "bookings_sd", quarter=2) / value(four, "bookings_mean", quarter=2)
    assert found == pytest.approx(p, abs=DIGITS)
    assert found_repeatable == pytest.approx(repeatable, abs=DIGITS)
    assert 1 - found_repeatable / found == pytest.approx(dependence, abs=DIGITS)
    assert cv == pytest.approx(spread, abs=5.1e-5)
    assert value(four, "at_least_probability", at_least=3) == pytest.approx(
        three_of_four, abs=DIGITS
    )
    assert value(eight, "at_least_probability", at_least=6) == pytest.approx(
        six_of_eight, abs=DIGITS
    )


@pytest.mark.parametrize(
    ("changes", "p", "spread", "three_of_four"),
    [
        ({}, 0.451006, 0.6455, 0.242828),
        (
            {
                "activity": {"per_quarter": 375},
                "windfall": {**WINDFALL, "per_quarter": 0.504},
            },
            0.364880,
            1.0956,
            0.141140,
        ),
        (
            {"activity": {"per_quarter": 590.551181}, "deal_size": sized(whale=WHALES)},
            0.347331,
            1.1413,
            0.123945,
        ),
    ],
)
def test_equal_means(changes: dict, p: float, spread: float, three_of_four: float) -> None:
    answers = exact(sales_math(calendar={"quarters": 4}, **changes))
    mean = value(answers, "bookings_mean", quarter=1)
    assert mean == pytest.approx(252_000, rel=1e-6)
    assert value(answers, "attainment_probability", quarter=1) == pytest.approx(p, abs=DIGITS)
    assert value(answers, "bookings_sd", quarter=1) / mean == pytest.approx(spread, abs=5.1e-5)
    assert value(answers, "at_least_probability", at_least=3) == pytest.approx(
        three_of_four, abs=DIGITS
    )


def test_windfalls_for_half_the_activity_leave_little_that_repeats() -> None:
    windfall = {**WINDFALL, "per_quarter": 0.504}
    answers = exact(sales_math(activity={"per_quarter": 375}, windfall=windfall))
    p = value(answers, "attainment_probability", quarter=1)
    repeatable = value(answers, "repeatable_attainment_probability", quarter=1)
    assert 1 - repeatable / p == pytest.approx(0.6148, abs=5.1e-5)


@pytest.mark.parametrize(
    ("days", "first", "second", "digits"),
    [
        ((0, 30, 120), 0.1135, 0.580, (5.1e-5, 5.1e-4)),
        ((0, 7, 32), 0.5995, 0.977, (5.1e-5, 5.1e-4)),
    ],
)
def test_empty_starts_book_less(
    days: tuple, first: float, second: float, digits: tuple[float, float]
) -> None:
    shares, _ = shares_of(sales_math(days=days, calendar={"quarters": 2, "start": "empty"}))
    assert in_window(shares[-1], 0, 0, 13).sum() / 13 == pytest.approx(first, abs=digits[0])
    assert in_window(shares[-1], 0, 13, 26).sum() / 13 == pytest.approx(second, abs=digits[1])


@pytest.mark.parametrize(("days", "weeks"), [((0, 7, 32), 101), ((0, 30, 120), 387)])
def test_the_steady_start_looks_back_so_far(days: tuple, weeks: int) -> None:
    plan = sales_math(days=days)
    assert plan.past_weeks == weeks
    assert attained(plan) == pytest.approx(0.451006, abs=2e-5)  # truncation moves it by 1e-5


def test_deal_ageing() -> None:
    plan = sales_math(days=(0, 0, 32), stages=({}, {}, {"lost_days": 57.6}))
    found = ageing(plan, "won", [0, 32, 64, 96, 128])
    assert found == pytest.approx([0.3333, 0.2161, 0.1527, 0.1199, 0.0996], abs=5.1e-5)


def test_diminishing_returns() -> None:
    activity = {"per_quarter": 1500, "elasticity": 0.6, "reference_per_week": 750 / 13}
    answers = exact(sales_math(activity=activity))
    entries = value(answers, "reached_mean", quarter=1, stage="discovery")
    assert entries == pytest.approx(22.71, abs=5.1e-3)


CALLS = {"name": "calls", "metric": "activities", "target": 58, "per": "week", "share": 11 / 13}
UNEVEN = {"per_quarter": 750, "rep_cv": 0.35, "week_cv": 0.5}


def test_the_kpi_at_the_stated_level_is_hardly_ever_met() -> None:
    answers = exact(sales_math(kpis=[CALLS]))
    assert value(answers, "kpi_attainment_probability", quarter=1) == pytest.approx(
        0.0115, abs=5.1e-5
    )


def test_conditioning_is_not_causing() -> None:
    observed = exact(sales_math(kpis=[CALLS], activity=UNEVEN))
    hit = value(observed, "attainment_given_kpi_hit", quarter=1)
    missed = value(observed, "attainment_given_kpi_missed", quarter=1)
    assert hit == pytest.approx(0.812763, abs=DIGITS)
    assert missed == pytest.approx(0.407576, abs=DIGITS)
    assert value(observed, "attainment_probability", quarter=1) == pytest.approx(
        0.432347, abs=DIGITS
    )
    imposed = sales_math(activity=UNEVEN, policy={"floor_per_week": 58, "adherence": 0.9})
    assert attained(imposed) == pytest.approx(0.565010, abs=DIGITS)


def test_a_floor_is_level_plus_evenness() -> None:
    four = {"quarters": 4}
    floor = exact(
        sales_math(activity=UNEVEN, policy={"floor_per_week": 58, "adherence": 0.9}, calendar=four)
    )
    level = value(floor, "activities_mean", quarter=1)
    scaled = exact(sales_math(activity={**UNEVEN, "per_quarter": level}, calendar=four))
    plain = attained(sales_math(activity=UNEVEN))
    both = [value(a, "attainment_probability", quarter=1) for a in (scaled, floor)]
    assert both[0] - plain == pytest.approx(0.110, abs=5.1e-4)
    assert both[1] - both[0] == pytest.approx(0.023, abs=5.1e-4)
    assert value(scaled, "at_least_probability", at_least=4) == pytest.approx(0.155053, abs=DIGITS)
    assert value(floor, "at_least_probability", at_least=4) == pytest.approx(0.128791, abs=DIGITS)
    variances = [value(a, "bookings_sd", quarter=1) ** 2 for a in (scaled, floor)]
    assert 1 - variances[1] / variances[0] == pytest.approx(0.192, abs=5.1e-4)
