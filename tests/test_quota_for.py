"""The quota that a share of reps attains: quantiles, binomial teams, and teams in one market."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import funnelsim as fs
from funnelsim.analysis.solve.quota import quota_for
from funnelsim.engine.blocks import Run, sample_blocks
from funnelsim.errors import ArgumentError, NotCoveredError
from twin_plans import sales_math

SKILL = {"activity.rep_cv": 0.35}


@pytest.fixture(scope="module")
def plan():
    return sales_math()


def attained(plan, quota):
    asked = fs.exact(plan.replace({"quota.per_quarter": quota}), only=["attainment_probability"])
    return asked.attainment_probability.values[0]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_it_is_a_quantile_of_bookings(plan, share):
    """P(B >= quota) = share: p90, p50, p10 of the exact twin, with and without skill."""
    for reps in (plan, plan.replace(SKILL)):
        truth = fs.exact(reps, only=["bookings_quantile"]).bookings_quantile
        found = quota_for(reps, share=share)
        expected = truth.sel(probability=round(1 - share, 1)).item()
        assert found.quota_for_share.item() == pytest.approx(expected, rel=1e-6)
        assert found.quota_probability.item() == pytest.approx(share, abs=1e-8)
        assert found.attrs["method"] == "exact"


def test_equal_deals_give_the_last_step(plan):
    """60 % attain two deals' worth, not three's: P(N >= 2) = .8009, P(N >= 3) = .5768."""
    found = quota_for(plan.replace({"deal_size.law": "fixed"}), share=[0.6, 0.5])
    assert found.quota_for_share.values == pytest.approx([168_000, 252_000], rel=1e-6)
    assert found.quota_probability.values == pytest.approx(stats.poisson.sf([1, 2], 3), abs=1e-9)


@pytest.mark.parametrize("reps", [1, 5, 40])
def test_a_team_is_binomial(plan, reps):
    """At least 60 % of n independent reps attain with probability 80 %, and not with more quota."""
    found = quota_for(plan.replace(SKILL), share=0.6, reps=reps, certainty=0.8)
    needed = int(np.ceil(0.6 * reps))
    assert found.reps_needed.item() == needed
    quota = found.quota_for_share.item()
    chance = attained(plan.replace(SKILL), quota)[0]
    assert stats.binom.sf(needed - 1, reps, chance) == pytest.approx(0.8, abs=1e-7)
    assert stats.binom.isf(0.2, reps, chance) >= needed
    less = attained(plan.replace(SKILL), quota * 1.001)[0]
    assert stats.binom.sf(needed - 1, reps, less) < 0.8


def test_quarters_that_differ_are_averaged(plan):
    """A new territory: each quarter has its own binomial law."""
    new = sales_math(calendar={"quarters": 2, "start": "empty"}, days=(0, 7, 32))
    quota = quota_for(new, share=0.5, reps=4, certainty=0.7).quota_for_share.item()
    together = stats.binom.sf(1, 4, attained(new, quota))
    assert together[0] < together[1]
    assert together.mean() == pytest.approx(0.7, abs=1e-7)


def test_simulated_agrees(plan):
    for team in ({}, {"reps": 8, "certainty": 0.75}):
        truth = quota_for(plan, share=[0.5, 0.75], **team)
        found = quota_for(plan, share=[0.5, 0.75], method="simulated", draws=20_000, seed=1, **team)
        for name in ("quota_for_share", "quota_probability"):
            error = found[f"{name}_standard_error"].values
            assert np.all(error > 0)
            if name == "quota_for_share":
                assert np.all(np.abs(found[name] - truth[name]).values < 5 * error)


def test_a_market_moves_a_team_together(plan):
    """Six of ten reps attained it in 70 % of the simulated quarters, and no larger quota.

    What all reps share makes the same certainty dearer.
    """
    shaken = plan.replace({"market.cv": 0.5})
    team = {"share": 0.6, "reps": 10, "certainty": 0.7}
    with pytest.raises(NotCoveredError, match="market moves all reps"):
        quota_for(shaken, method="exact", **team)
    with pytest.raises(ArgumentError, match=r"draws and seed.*market"):
        quota_for(shaken, **team)
    found = quota_for(shaken, draws=8_000, seed=3, **team)
    quota = found.quota_for_share.item()
    blocks = sample_blocks([Run(shaken, reps=10)], draws=8_000, seed=3)
    bookings = np.concatenate([own["bookings"] for (own,) in blocks])
    assert ((bookings >= quota).sum(axis=1) >= 6).mean() >= 0.7
    assert ((bookings > quota).sum(axis=1) >= 6).mean() <= 0.7
    alone = quota_for(plan, **team).quota_for_share.item()
    assert quota < alone - 5 * found.quota_for_share_standard_error.item()


def test_where_nothing_is_booked(plan):
    """With P(no deal) = e^-3 = 5 %, nobody's quota is attained by 96 %."""
    for settings in ({}, {"method": "simulated", "draws": 5_000, "seed": 1}):
        found = quota_for(plan, share=[0.9, 0.96], **settings)
        assert np.isnan(found.quota_for_share.values).tolist() == [False, True]
        assert "nothing is booked" in found.attrs["refused"]


@pytest.mark.parametrize("team", [{}, {"reps": 5, "certainty": 0.8}])
@pytest.mark.parametrize("settings", [{}, {"method": "simulated", "draws": 500, "seed": 1}])
def test_where_no_deal_is_ever_won(plan, team, settings):
    found = quota_for(plan.replace({"stages.won.conversion": 0}), **team, **settings)
    assert np.isnan([found.quota_for_share.item(), found.quota_probability.item()]).all()
    assert "nothing is booked" in found.attrs["refused"]


def test_a_team_is_as_sure_as_it_says(plan):
    """Equal deals: 3 of 5 make 168 000 with P(Bin(5, .8009) >= 3), well above the 80 % asked for.

    With sizes that vary it is just what was asked for; simulated, the share of its own quarters.
    """
    team = {"share": 0.6, "reps": 5, "certainty": 0.8}
    equal = plan.replace({"deal_size.law": "fixed"})
    steps = quota_for(equal, **team)
    truth = stats.binom.sf(2, 5, stats.poisson.sf(1, 3))
    assert steps.quota_certainty.item() == pytest.approx(truth, abs=1e-7)
    assert quota_for(plan, **team).quota_certainty.item() == pytest.approx(0.8, abs=1e-7)
    found = quota_for(equal, method="simulated", draws=4_000, seed=1, **team)
    error = found.quota_certainty_standard_error.item()
    assert abs(found.quota_certainty.item() - truth) < 5 * error
    assert error == pytest.approx(np.sqrt(truth * (1 - truth) / 4_000), rel=0.1)
    assert "quota_certainty" not in quota_for(plan, share=0.6)


def test_the_plans_own_quota_plays_no_part(plan):
    other = plan.replace({"quota.per_quarter": 1_000_000})
    one, two = (quota_for(each).quota_for_share.item() for each in (plan, other))
    assert one == pytest.approx(two, rel=1e-6)
    assert fs.scenario_of(quota_for(other)) == other


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"share": 1.0}, "share = 1.0"),
        ({"share": []}, "share = "),
        ({"share": [0.5, 0.5]}, "each once"),
        ({"reps": 5}, "belong together"),
        ({"certainty": 0.5}, "belong together"),
        ({"reps": 0, "certainty": 0.5}, "reps = 0"),
        ({"reps": 5, "certainty": 1}, "certainty = 1"),
        ({"method": "simulated"}, "draws and seed"),
        ({"method": "guess"}, "method = 'guess'"),
    ],
)
def test_mistakes(plan, arguments, message):
    with pytest.raises(ArgumentError, match=message):
        quota_for(plan, **arguments)
