"""The tables [pay] and [economics]: defaults, bounds, rules, round trips, segments."""

from __future__ import annotations

import pytest

import funnelsim as fs
from funnelsim.errors import ScenarioError
from funnelsim.scenario.files import dumps, loads
from funnelsim.scenario.model import Economics, Pay

PAY = {"ote": 165_000.0}
PLAN = fs.preset("sales_math")


def paid(**changes):
    return PLAN.replace({"pay": PAY} | changes)


def problems(changes):
    with pytest.raises(ScenarioError) as caught:
        paid(**changes)
    return {problem.path: problem.rule for problem in caught.value.problems}


def test_defaults_are_the_documented_ones():
    pay, economics = Pay(ote=1.0), Economics()
    assert (pay.variable, pay.period, pay.on_costs) == (0.5, "quarter", 0.2)
    assert [(tier.above, tier.rate) for tier in pay.tiers] == [(0.0, 1.0), (1.0, 1.5)]
    assert economics.gross_retention == pytest.approx(0.92)
    assert economics.net_retention == pytest.approx(1.03)
    assert (economics.gross_margin, economics.lifetime_years, economics.discount) == (0.78, 5, 0.1)


def test_a_plan_without_pay_has_none():
    assert PLAN.pay is None
    assert PLAN.economics == Economics()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"pay": {}}, "pay.ote"),
        ({"pay.ote": 0.0}, "pay.ote"),
        ({"pay.variable": 50}, "pay.variable"),
        ({"pay.period": "month"}, "pay.period"),
        ({"pay.tiers": []}, "pay.tiers"),
        ({"pay.tiers": [{"above": 0.5, "rate": 1.0}]}, "pay.tiers[0].above"),
        (
            {
                "pay.tiers": [
                    {"above": 0, "rate": 1},
                    {"above": 1, "rate": 2},
                    {"above": 1, "rate": 3},
                ]
            },
            "pay.tiers[2].above",
        ),
        ({"pay.tiers": [{"above": 0, "rate": 0}, {"above": 1, "rate": 2}]}, "pay.tiers"),
        ({"pay.comission": 0.1}, "pay.comission"),
        ({"economics.gross_margin": 0.0}, "economics.gross_margin"),
        ({"economics.gross_margin": 78}, "economics.gross_margin"),
        ({"economics.churn": 0.6, "economics.contraction": 0.4}, "economics.churn"),
        ({"economics.lifetime_years": 0}, "economics.lifetime_years"),
        ({"economics.entry_cost": {"inbound": 20.0}}, "economics.entry_cost.inbound"),
        ({"economics.sdr": {}}, "economics.sdr.per_year"),
    ],
    ids=str,
)
def test_mistakes_are_named(changes, path):
    assert path in problems(changes)


def test_a_misspelt_key_names_the_nearest():
    with pytest.raises(ScenarioError, match="Did you mean overhead"):
        paid(**{"pay.overheads": 1.0})


def test_the_cost_of_a_source_names_one_that_exists():
    inbound = {"name": "inbound", "per_week": 1.0}
    plan = paid(**{"sources": [inbound], "economics.entry_cost": {"inbound": 20.0}})
    assert plan.economics.entry_cost == {"inbound": 20.0}
    with pytest.raises(ScenarioError, match="Did you mean inbound"):
        plan.replace({"economics.entry_cost": {"inbuond": 20.0}})


def test_what_is_stated_survives_a_file():
    plan = paid(
        **{
            "pay.tiers": [{"above": 0, "rate": 0.5}, {"above": 0.5, "rate": 1}],
            "pay.period": "year",
            "economics": {"churn": 0.2, "sdr": {"per_year": 100_000.0}},
        }
    )
    text = dumps(plan)
    assert loads(text) == plan
    assert "gross_margin" not in text
    assert dumps(loads(text)) == text


def test_segments_have_pay_of_their_own():
    stated = {
        "name": "team",
        "pay": {"ote": 100_000.0, "overhead": 5_000.0},
        "economics": {"gross_margin": 0.6},
        "segments": [
            {"name": "small", "preset": "sales_math"},
            {
                "name": "large",
                "preset": "sales_math",
                "pay": {"ote": 250_000.0},
                "economics": {"churn": 0.02},
            },
        ],
    }
    team = fs.Scenario(**stated).team
    assert (team["small"].pay.ote, team["small"].economics.churn) == (100_000, 0.08)
    large = team["large"]
    assert (large.pay.ote, large.pay.overhead) == (250_000, 5_000)
    assert (large.economics.churn, large.economics.gross_margin) == (0.02, 0.6)
    changed = fs.Scenario(**stated).replace({"segments.large.pay.ote": 300_000.0})
    assert changed.team["large"].pay.ote == 300_000


def test_variants_may_change_pay():
    plan = paid(variants={"flat": {"pay": {"tiers": [{"above": 0, "rate": 1}]}}})
    assert len(plan.variant("flat").pay.tiers) == 1
    assert plan.variant("flat").pay.ote == 165_000
