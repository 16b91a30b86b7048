"""Plans with pay, and what to hold their economics against."""

from __future__ import annotations

import numpy as np

import funnelsim as fs

QUOTA, DEAL = 250_000.0, 84_000.0
LINEAR = ({"above": 0, "rate": 1},)
FUNNEL = (
    {"name": "discovery", "conversion": 0.02},
    {"name": "demo", "conversion": 0.6},
    {"name": "won", "conversion": 1 / 3},
)
N = 20_000


def scenario(**changes):
    """The Sales Math without delays: 3 deals a quarter, Poisson, of a fixed size."""
    return fs.Scenario(
        **{
            "name": "paid",
            "quota": {"per_quarter": QUOTA},
            "calendar": {"quarters": 4},
            "activity": {"per_quarter": 750.0},
            "stages": FUNNEL,
            "deal_size": {"law": "fixed", "mean": DEAL},
            "pay": {"ote": 165_000.0, "on_costs": 0.25},
        }
        | changes
    )


def reckoned(plan, draws=N, seed=1, **options):
    return fs.economics(plan, draws=draws, seed=seed, **options)


def assert_near(told, name, truth, **labels):
    """An estimate is the truth, within five standard errors."""
    value = told[name].sel(labels).values.astype(float)
    error = told[f"{name}_standard_error"].sel(labels).values
    truth = np.broadcast_to(truth, value.shape)
    assert (np.abs(value - truth) <= 5 * error + 1e-9 * np.abs(truth)).all(), (value, truth, error)
    assert (error >= 0).all()


COMPANY = {
    "name": "company",
    "calendar": {"quarters": 8},
    "market": {"cv": 0.2, "persistence": 0.5},
    "uncertainty": {"segments.mid.stages.won.conversion": {"cv": 0.15}},
    "segments": [
        {
            "name": "mid",
            "preset": "mid_market",
            "headcount": 3,
            "pay": {"ote": 165_000.0, "hiring_cost": 20_000.0},
            "ramp": {"weeks": 22.0},
            "attrition": {"per_year": 0.3, "fill_weeks": 9.0, "handover": 0.5},
            "hiring": [{"week": 20}],
            "sources": [
                {"name": "outbound", "per_sdr_week": 3.0, "sdrs_per_rep": 0.5,
                 "conversion": {"demo": 0.55}}
            ],
            "economics": {"sdr": {"per_year": 100_000.0, "hiring_cost": 9_000.0}},
        },
        {
            "name": "large",
            "preset": "enterprise",
            "headcount": 2,
            "pay": {"ote": 250_000.0, "period": "year"},
            "economics": {"gross_margin": 0.7},
        },
    ],
}  # fmt: skip
