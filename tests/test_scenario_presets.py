"""The presets: their arithmetic closes, as the table they come from says, and it is sourced."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import funnelsim as fs
from funnelsim.errors import ScenarioError
from funnelsim.scenario import files
from funnelsim.scenario.flow import assisted
from funnelsim.scenario.lint import lint

FOLDER = Path(files.__file__).parent / "presets"

# Worked by hand from the published figures: wins a quarter, expected bookings / quota, cv of a
# quarter's bookings without skill, cv of all sizes.
MEANS = {
    "transactional_smb": (14.98, 1.004, 0.37, 1.04),
    "mid_market": (6.18, 1.010, 0.60, 1.10),
    "enterprise": (2.68, 1.001, 0.98, 1.25),
    "strategic": (1.18, 0.994, 1.45, 1.21),
    "sales_math": (3.00, 1.008, 0.645, 0.50),
    "sdr_assisted": (5.66, 0.998, 0.62, 1.10),
}
OTHERS = ("ten_two_one", "three_segments")  # a policy, and a team: below


def wins(plan: fs.Scenario) -> float:
    conversions = (stage.conversion for stage in plan.stages)
    entries = plan.activities_per_week * math.prod(conversions)
    for source in plan.sources:
        later = plan.stages_of(source)[plan.first_stage_of(source) + 1 :]
        entries += source.rate_per_week * math.prod(stage.conversion for stage in later)
    return entries * plan.calendar.weeks_per_quarter


def size_cv(plan: fs.Scenario) -> float:
    size = plan.deal_size
    assert size.cv is not None
    p, k = (size.whale.probability, size.whale.multiple) if size.whale else (0.0, 1.0)
    second = (1 + size.cv**2) * (1 + p * (k**2 - 1)) / (1 + p * (k - 1)) ** 2
    return math.sqrt(second - 1)


def test_the_table_covers_the_presets() -> None:
    assert {*MEANS, *OTHERS} == set(fs.presets())


@pytest.mark.parametrize("name", MEANS)
def test_the_plan_closes_in_the_mean(name: str) -> None:
    plan = fs.preset(name)
    deals, of_quota, noise, sizes = MEANS[name]
    assert wins(plan) == pytest.approx(deals, abs=0.005)
    assert wins(plan) * plan.deal_size.mean_of_all / plan.quotas[0] == pytest.approx(
        of_quota, abs=0.0005
    )
    assert size_cv(plan) == pytest.approx(sizes, abs=0.005)
    assert math.sqrt((1 + size_cv(plan) ** 2) / wins(plan)) == pytest.approx(noise, abs=0.006)


def test_the_sales_math_works_back_as_published() -> None:
    plan = fs.preset("sales_math")
    activities = plan.activities_per_week * 13
    discoveries = activities * plan.stages[0].conversion
    demos = discoveries * plan.stages[1].conversion
    assert (activities, discoveries, demos) == pytest.approx((750, 15, 9))
    assert demos * plan.stages[2].conversion == pytest.approx(3)
    published = plan.variant("as published")
    assert wins(published) == pytest.approx(2.97)
    assert wins(published) * 84_000 == pytest.approx(249_480)


def test_the_variants_of_the_sales_math() -> None:
    plan = fs.preset("sales_math")
    assert list(plan.variants) == ["fixed sizes", "as published", "windfalls", "whales", "floor"]
    assert plan.variant("fixed sizes").deal_size.law == "fixed"
    windfall = plan.variant("windfalls").windfall
    assert windfall is not None
    assert (windfall.per_quarter, windfall.mean, windfall.cv) == (0.05, 250_000, 1)
    whale = plan.variant("whales").deal_size.whale
    assert whale is not None
    assert (whale.probability, whale.multiple) == (0.03, 10)
    policy = plan.variant("floor").policy
    assert (policy.floor_per_week, policy.adherence) == (58, 0.9)


def test_an_sdr_brings_half_of_the_discovery_calls() -> None:
    """13 opportunities a month for 2.5 reps: 15.6 a quarter, beside 15.6 of 60 calls a week."""
    plan = fs.preset("sdr_assisted")
    (sdr,) = plan.sources
    assert 13 * sdr.rate_per_week == pytest.approx(13 * 3 / 2.5) == pytest.approx(15.6)
    assert 13 * plan.activities_per_week * plan.stages[0].conversion == pytest.approx(15.6)
    mean = 15.6 * (0.60 * 0.33 + 0.55 * 0.30) * 38_000 * 1.09
    assert mean == pytest.approx(234_600, abs=50)  # the published arithmetic
    assert wins(plan) * plan.deal_size.mean_of_all == pytest.approx(mean)


def test_ten_two_one_closes_under_its_floor() -> None:
    """The mean of a week is that of a mixture of negative binomials with a floor at 10."""
    plan = fs.preset("ten_two_one")
    assert plan.policy.floor_per_week == plan.activities_per_week == 10
    spread = math.sqrt(math.log1p(plan.activity.rep_cv**2))
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    means = 10 * np.exp(spread * nodes - spread**2 / 2)
    n, shape = np.arange(10), 1 / plan.activity.week_cv**2
    below = stats.nbinom.pmf(n, shape, (shape / (shape + means))[:, None])
    lifted = means + plan.policy.adherence * (below * (10 - n)).sum(axis=1)
    activities = (weights / weights.sum() * lifted).sum()
    covered = [(plan.coverage_of(assist), assist.odds) for assist in plan.assists]
    won = assisted(0.30, covered)
    deals = 13 * activities * plan.stages[0].conversion * 0.55 * won
    assert deals * plan.deal_size.mean_of_all == pytest.approx(300_000, rel=0.02)
    assert [(kpi.metric, kpi.target, kpi.per) for kpi in plan.kpis] == [
        ("activities", 10, "week"),
        ("on-site", 2, "month"),
        ("high-value act", 1, "quarter"),
    ]
    assert [assist.per_quarter for assist in plan.assists] == [6, 1]


def test_three_segments_are_the_presets_with_seats_and_a_plan() -> None:
    plan = fs.preset("three_segments")
    assert {name: (rep.headcount, rep.seats) for name, rep in plan.team.items()} == {
        "smb": (10, 11),
        "mid-market": (8, 9),
        "enterprise": (5, 6),
    }
    sums = 10 * 145_000 + 8 * 235_000 + 5 * 300_000
    assert sums == pytest.approx(1.15 * 4_200_000)  # so that quotas are those of the presets
    for rep, quota in zip(plan.team.values(), (145_000, 235_000, 300_000), strict=True):
        assert rep.quotas == pytest.approx((quota,) * 4)
        assert wins(rep) * rep.deal_size.mean_of_all == pytest.approx(quota, rel=0.02)
        assert rep.ramp is not None
        assert rep.attrition is not None
        assert rep.attrition.handover == 0.5
    for name in plan.variants:
        assert list(plan.variant(name).team) == list(plan.team)
    faster = plan.variant("answer in ten minutes").team["smb"]
    source = faster.sources[0]
    assert faster.stages_of(source)[1].conversion == pytest.approx(0.65 * (7 / 3) ** 0.45)


@pytest.mark.parametrize("name", fs.presets())
def test_a_preset_draws_no_warning_and_round_trips(name: str) -> None:
    plan = fs.preset(name)
    assert not lint(plan)
    assert fs.loads(fs.dumps(plan)) == plan
    for variant in plan.variants:
        assert fs.loads(fs.dumps(plan.variant(variant))) == plan.variant(variant)


@pytest.mark.parametrize("name", sorted(set(MEANS) - {"sales_math"}))
def test_segments_share_what_is_assumed_of_all(name: str) -> None:
    plan = fs.preset(name)
    assert plan.calendar.quarters == 4
    assert plan.calendar.start == "steady"
    assert plan.activity.rep_cv == 0.35
    assert plan.market.cv == 0
    for stage in plan.stages[1:]:
        assert stage.lost_days == pytest.approx(1.8 * stage.days)
        assert stage.days_cv == 1


@pytest.mark.parametrize("name", fs.presets())
def test_every_number_has_its_source_or_is_called_an_assumption(name: str) -> None:
    """A comment on the number's line or above it, or above its table."""
    lines = (FOLDER / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    commented = False
    for line in lines:
        if not line.strip():
            commented = False
        elif line.startswith("#"):
            commented = True
        elif line.startswith("["):
            commented = commented or "#" in line
        elif name != "sales_math" and re.search(r"= [\d{]", line) and "days" not in line:
            assert commented or "#" in line, line
    assert "assumption" in "\n".join(lines)


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(ScenarioError, match="Did you mean enterprise"):
        fs.preset("enterprize")
    with pytest.raises(ScenarioError, match="There are: enterprise, mid_market"):
        fs.preset("../../x")
