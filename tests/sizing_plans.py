"""Small companies for tests about the size of a team."""

from __future__ import annotations

import funnelsim as fs
from funnelsim.scenario.model import Scenario

AT_ONCE = {"stages.demo.days": 0, "stages.won.days": 0, "calendar.quarters": 1}
ALONE = fs.preset("sales_math").replace(AT_ONCE | {"kpis": []})

# Three segments, one of which books nothing; hires, leavers, a market, and what nobody knows.
COMPANY = """
name = "Three segments"
[calendar]
quarters = 4
start = "empty"
[market]
cv = 0.2
[plan]
target = 2_900_000
[uncertainty]
"stages.won.conversion" = { cv = 0.15, luck = "win rate" }
[activity]
per_week = 60
rep_cv = 0.3
[[stages]]
name = "discovery"
conversion = 0.02
[[stages]]
name = "won"
conversion = 0.25
days = 20
[deal_size]
law = "lognormal"
mean = 60_000
cv = 0.6

[[segments]]
name = "small"
headcount = 4
quota.per_quarter = 180_000
ramp = { weeks = 10 }
attrition = { per_year = 0.5, fill_weeks = 4, handover = 0.5 }
hiring = [{ week = 6, reps = 2 }]

[[segments]]
name = "large"
headcount = 2
quota.per_quarter = 200_000
deal_size.mean = 120_000
ramp = { weeks = 20 }
hiring = [{ week = 2, reps = 1 }, { week = 20, reps = 1 }]
[[segments.sources]]
name = "SDR"
per_sdr_week = 1
sdrs_per_rep = 0.5
conversion = { won = 0.2 }

[[segments]]
name = "callers"
headcount = 3
quota = { of = "wins", per_quarter = 20 }
"""
TEAM = fs.loads(COMPANY)


def resized(plan: Scenario, **headcounts: int) -> Scenario:
    """The plan with other seats of day 0, its target as stated."""
    return plan.replace({f"segments.{name}.headcount": n for name, n in headcounts.items()})
