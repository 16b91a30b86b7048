"""The presets: their arithmetic closes, as the table they come from says, and it is sourced."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

import funnelsim as fs
from funnelsim.errors import ScenarioError
from funnelsim.scenario import files
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
}


def wins(plan: fs.Scenario) -> float:
    conversions = (stage.conversion for stage in plan.stages)
    return plan.activities_per_week * plan.calendar.weeks_per_quarter * math.prod(conversions)


def size_cv(plan: fs.Scenario) -> float:
    size = plan.deal_size
    assert size.cv is not None
    p, k = (size.whale.probability, size.whale.multiple) if size.whale else (0.0, 1.0)
    second = (1 + size.cv**2) * (1 + p * (k**2 - 1)) / (1 + p * (k - 1)) ** 2
    return math.sqrt(second - 1)


def test_the_table_covers_the_presets() -> None:
    assert set(MEANS) == set(fs.presets())


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


@pytest.mark.parametrize("name", MEANS)
def test_a_preset_draws_no_warning_and_round_trips(name: str) -> None:
    plan = fs.preset(name)
    assert not lint(plan)
    assert fs.loads(fs.dumps(plan)) == plan


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


@pytest.mark.parametrize("name", MEANS)
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
