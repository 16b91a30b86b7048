"""The table of published figures: current, its verdicts by rule, its simulated numbers right."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, special

import funnelsim as fs

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS))  # docs/ is not installed

import published  # noqa: E402
from published import Number, Range, verdict  # noqa: E402

TEXT, STORED = published.stored((DOCS / "background" / "published.md").read_text(encoding="utf-8"))

# Less than a second each; the slow test computes all.
CHEAP = [
    row
    for row in published.ROWS
    if row.call and not row.slow
    if row.call.startswith(("aged", "coverage_needed", "sales_math")) or "mid_market" in row.call
]
SPREAD = 0.35  # of skill, in every preset


def assert_current(row: published.Row) -> None:
    assert row.call is not None
    was, now = STORED[row.call], row.number()
    assert was is not None
    assert now is not None
    # Half of the last digit shown, and room for another machine's last bits.
    places = 10.0 ** -len(published.shown(now).split(",")[0].split(" ")[0].partition(".")[2])
    assert now.value == pytest.approx(was.value, abs=0.51 * places)
    assert (now.error is None) == (was.error is None)


def test_the_page_shows_what_its_numbers_say() -> None:
    """Every word but the numbers: verdicts follow from the digits shown, by the rule."""
    assert published.rendered(STORED) == TEXT


@pytest.mark.parametrize("row", CHEAP, ids=lambda row: row.call)
def test_cheap_rows_are_current(row: published.Row) -> None:
    assert_current(row)


@pytest.mark.slow
@pytest.mark.parametrize(
    "row",
    [row for row in published.ROWS if row.call and row not in CHEAP],
    ids=lambda row: row.call,
)
def test_the_other_rows_are_current(row: published.Row) -> None:
    assert_current(row)


@pytest.mark.parametrize(
    ("ours", "of_whom", "expected"),
    [
        (Number(0.3), (0.3, 0.5), "inside"),
        (Number(0.299), (0.3, 0.5), "outside"),
        (Number(0.501), (0.3, 0.5), "outside"),
        (Number(0.28, 0.01), (0.3, 0.5), "inside"),  # by 2 standard errors
        (Number(0.52, 0.005), (0.3, 0.5), "outside"),  # by 4
        (Number(-0.1), (0.0, math.inf), "outside"),
        (Number(0.4), None, "not comparable"),
        (None, (0.3, 0.5), "not comparable"),
    ],
)
def test_verdict_by_rule(
    ours: Number | None, of_whom: tuple[float, float] | None, expected: str
) -> None:
    assert verdict(ours, Range(*of_whom, "") if of_whom else None) == expected


def test_whatever_is_not_inside_says_why_and_nothing_else_does() -> None:
    for row in published.ROWS:
        ours = STORED[row.call] if row.call else None
        assert bool(row.why) == (verdict(ours, row.published) != "inside"), row.what


@pytest.mark.parametrize("ours", [None, Number(0.441), Number(248_680.0, 1_157.0), Number(-2.5, 1)])
def test_numbers_are_read_as_they_are_shown(ours: Number | None) -> None:
    assert published.read(published.shown(ours)) == ours


# --- The simulated numbers stored, against closed forms; 20,000 reps, within 5 standard errors ---


def assert_close(call: str, truth: float) -> None:
    ours = STORED[call]
    assert ours is not None
    assert ours.error is not None
    assert abs(ours.value - truth) < 5 * ours.error, (call, ours, truth)


def wins(plan: fs.Scenario) -> float:
    return 13 * plan.activities_per_week * math.prod(stage.conversion for stage in plan.stages)


def size_moment(plan: fs.Scenario, order: int) -> float:
    """E[X^k] of lognormal sizes, some of them multiplied."""
    size = plan.deal_size
    assert size.mean is not None
    assert size.cv is not None
    assert size.whale is not None
    p, multiple = size.whale.probability, size.whale.multiple
    spread = (1 + size.cv**2) ** (order * (order - 1) / 2)
    return size.mean**order * spread * (1 - p + p * multiple**order)


@pytest.mark.parametrize("name", published.SEGMENTS)
def test_persistence_is_the_share_of_skill_in_the_variance(name: str) -> None:
    """Given skill s bookings are compound Poisson of rate n s: Var = n^2 m1^2 cv^2 + n m2."""
    plan = fs.preset(name)
    skill = (wins(plan) * size_moment(plan, 1) * SPREAD) ** 2
    assert_close(f'persistence("{name}")', skill / (skill + wins(plan) * size_moment(plan, 2)))


def test_persistence_over_years() -> None:
    """What the table says of mid-market: four times the deals in a year."""
    plan = fs.preset("mid_market")
    skill = (wins(plan) * size_moment(plan, 1) * SPREAD) ** 2
    luck = wins(plan) * size_moment(plan, 2)
    assert f"{skill / (skill + luck / 4):.2f}" == "0.58"
    assert 0.7 < luck / (skill + luck) < 0.8


@pytest.mark.parametrize("name", published.SEGMENTS)
def test_skewness_from_cumulants(name: str) -> None:
    """Third central moment by total cumulance: n m3 + 3 n^2 m1 m2 v + n^3 m1^3 t."""
    plan = fs.preset(name)
    n, (m1, m2, m3) = wins(plan), (size_moment(plan, order) for order in (1, 2, 3))
    v = SPREAD**2
    t = v**2 * (v + 3)  # of a lognormal with mean 1 and variance v
    third = n * m3 + 3 * n**2 * m1 * m2 * v + n**3 * m1**3 * t
    assert_close(f'skewness("{name}")', third / (n * m2 + (n * m1) ** 2 * v) ** 1.5)


def test_top_and_bottom_tenths_from_exact_shortfalls() -> None:
    """E[B | B > q90] = q90 + 10 E[(B - q90)+], and alike below; both from mean shortfalls."""
    plan = fs.preset("mid_market")
    year = fs.exact(plan, by="year", only=["bookings_mean", "bookings_quantile"]).isel(year=0)
    mean = year.bookings_mean.item()
    low, high = (year.bookings_quantile.sel(probability=each).item() for each in (0.1, 0.9))

    def shortfall(of: float) -> float:
        at = plan.replace({"quota.per_quarter": of / 4})
        return fs.exact(at, by="year", only=["shortfall_mean"]).shortfall_mean.item()

    top = high + (mean - high + shortfall(high)) * 10
    bottom = low - shortfall(low) * 10
    assert_close('top_decile("mid_market", over="mean")', top / mean)
    assert_close('top_decile("mid_market", over="bottom")', top / bottom)


def test_the_two_figures_of_spread_are_those_of_a_normal_law() -> None:
    """What the table says of 1.8 and 8: with z10 the mean of the top tenth, 1 +- .45 z10."""
    top_tenth = math.exp(-(special.ndtri(0.9) ** 2) / 2) / math.sqrt(2 * math.pi) / 0.1
    top, bottom = 1 + 0.45 * top_tenth, 1 - 0.45 * top_tenth
    assert top == pytest.approx(1.8, abs=0.05)
    assert top / bottom == pytest.approx(8, abs=0.6)


def test_the_sales_math_in_the_mean() -> None:
    for call, truth in (
        ('sales_math("activities_mean")', 750),
        ('sales_math("reached_mean", "discovery")', 15),
        ('sales_math("reached_mean", "demo")', 9),
        ('sales_math("reached_mean", "won")', 2.97),
        ('sales_math("bookings_mean")', 2.97 * 84_000),
    ):
        assert_close(call, truth)


def test_open_opportunities_by_littles_law() -> None:
    plan = fs.preset("enterprise")
    _, demo, won = plan.stages
    assert demo.lost_days is not None
    assert won.lost_days is not None
    after_demo = won.conversion * won.days + (1 - won.conversion) * won.lost_days
    stay = demo.conversion * (demo.days + after_demo) + (1 - demo.conversion) * demo.lost_days
    calls = 13 * plan.activities_per_week * plan.stages[0].conversion
    assert f"{stay:.0f} {16 * 91 / calls:.0f} {21 * 91 / calls:.0f}" == "144 90 118"  # the table's
    assert_close('open_opportunities("enterprise")', calls / 91 * stay)


@pytest.mark.parametrize("names", [published.SEGMENTS, ("enterprise",)])
@pytest.mark.parametrize("share", [0.2, 0.1])
def test_value_in_the_largest_deals(names: tuple[str, ...], share: float) -> None:
    """A mixture of lognormals, two for each preset, weighted by wins."""
    parts = []
    for name in names:
        plan = fs.preset(name)
        size = plan.deal_size
        assert size.cv is not None
        assert size.mean is not None
        assert size.whale is not None
        p, multiple = size.whale.probability, size.whale.multiple
        for weight, mean in ((1 - p, size.mean), (p, size.mean * multiple)):
            parts.append((weight * published.deals(plan), mean, math.sqrt(math.log1p(size.cv**2))))
    weight, mean, sigma = np.array(parts).T

    def larger(log: float, moved: float) -> np.ndarray:
        return special.ndtr((np.log(mean) - log) / sigma + moved * sigma)

    cut = optimize.brentq(
        lambda log: weight @ larger(log, -0.5) / weight.sum() - share, 0.0, 30.0, xtol=1e-12
    )
    call = "SEGMENTS" if len(names) > 1 else '("enterprise",)'
    assert_close(f"top_share({call}, {share})", weight * mean @ larger(cut, 0.5) / (weight @ mean))
