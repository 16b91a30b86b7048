"""Teams for tests: small ones whose laws are known, and one that has everything."""

from __future__ import annotations

from typing import Any

import funnelsim as fs
from funnelsim.scenario.model import Scenario

SALES_MATH: dict[str, Any] = {  # the anchor of docs/background/model.md: no windfalls, no delays
    "name": "Sales Math",
    "quota": {"per_quarter": 250_000},
    "calendar": {"quarters": 1},
    "activity": {"per_quarter": 750},
    "stages": [
        {"name": "discovery", "conversion": 0.02},
        {"name": "demo", "conversion": 0.6},
        {"name": "won", "conversion": 1 / 3},
    ],
    "deal_size": {"law": "lognormal", "mean": 84_000, "cv": 0.5},
}

EVERYTHING = """
name = "Everything"
[calendar]
quarters = 5
[market]
cv = 0.2
persistence = 0.5
[plan]
over_assignment = 0.4
[uncertainty]
"segments.old.stages.won.conversion" = { cv = 0.2 }
"attrition.per_year" = { cv = 0.3 }

[[segments]]
name = "old"
headcount = 3
quota = { per_quarter = 200_000, ramped = true }
activity = { per_quarter = 750, rep_cv = 0.2 }
stages = [
    { name = "demo", conversion = 0.012 },
    { name = "won", conversion = 0.33, days = 20 },
]
deal_size.law = "lognormal"
deal_size.mean = 84_000
deal_size.cv = 0.5
deal_size.whale = { probability = 0.05, multiple = 3 }
windfall = { per_quarter = 0.2, law = "fixed", mean = 100_000 }
ramp = { weeks = 22, from = 0.1, weeks_cv = 0.3 }
attrition = { per_year = 0.4, fill_weeks = 9, handover = 0.5 }
hiring = [ { week = 20, reps = 2 } ]
sources = [ { name = "inbound", per_week = 0.3 } ]

[[segments]]
name = "new"
start = "empty"
headcount = 1
quota = { per_quarter = [50_000, 100_000, 100_000, 150_000, 150_000] }
activity = { per_quarter = 500 }
stages = [ { name = "won", conversion = 0.006, days = 15 } ]
deal_size = { law = "fixed", mean = 50_000 }
hiring = [ { week = -6, reps = 1 }, { week = 13, reps = 1 } ]
ramp = { weeks = 13 }
attrition = { per_year = 0.2, fill_weeks = 4 }
sources = [ { name = "partner", per_week = 0.2 } ]

[[segments]]
name = "SDR"
headcount = 2
quota = { per_quarter = 20, of = "wins" }
activity = { per_week = 200 }
stages = [ { name = "meeting", conversion = 0.008 } ]
attrition = { per_year = 0.5, fill_weeks = 6 }
"""


def sales_math(**changes: Any) -> Scenario:
    """The anchor, without windfalls and delays, with some of its tables replaced."""
    return fs.Scenario(**{**SALES_MATH, **changes})


def everything() -> Scenario:
    """A team of three segments with all that a team can have."""
    return fs.loads(EVERYTHING)
