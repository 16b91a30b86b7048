"""Pictures of the pages, and numbers of the page about luck, made by the library at build time.

Numbers are exact where the exact twin covers the plan, and carry their standard error elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import funnelsim as fs
from funnelsim.analysis.luck.equal_mean import EqualMean, ahead_from
from funnelsim.analysis.luck.imposed import imposed
from funnelsim.analysis.luck.thirds import quarters_to_tell
from funnelsim.registry import STANDARD_ERROR
from funnelsim.report.numbers import percent, points, with_error
from funnelsim.report.plots.bites import bites
from funnelsim.report.plots.bridge import bridge
from funnelsim.report.plots.coaching import coaching
from funnelsim.report.plots.compare import differences, ranking
from funnelsim.report.plots.coverage import coverage, coverage_picture
from funnelsim.report.plots.cushion import cushion, diversification
from funnelsim.report.plots.headcount import headcount, next_steps
from funnelsim.report.plots.interactions import interactions
from funnelsim.report.plots.luck import luck_page
from funnelsim.report.plots.mix import mix
from funnelsim.report.plots.policy import dose_response, kpi_table
from funnelsim.report.plots.quota import quota
from funnelsim.report.plots.repeat import careers, equal_mean
from funnelsim.report.plots.solve import curve
from funnelsim.report.plots.sweep import sweep
from funnelsim.report.plots.team import team_picture
from funnelsim.report.plots.tornado import tornado
from funnelsim.report.plots.windfalls import variance_by_source, windfalls

DRAWS, SEED = 20_000, 1
AT_ONCE = {"stages.demo.days": 0, "stages.won.days": 0}  # deals close at once: the twin is quick
WINDFALL = {"per_quarter": 0.05, "law": "lognormal", "mean": 250_000, "cv": 1.0}
PLAIN = fs.preset("sales_math").replace(AT_ONCE)
LUCKY = fs.preset("sales_math").variant("whales").replace(AT_ONCE | {"windfall": WINDFALL})
MANAGED = PLAIN.replace(
    {
        "activity.rep_cv": 0.35,
        "activity.week_cv": 0.5,
        "kpis.calls.target": 58,
        "kpis.calls.share": 11 / 13,
        "policy": {"floor_per_week": 58, "adherence": 0.9},
    }
)
LEVELS = (375, 750, 1_276)
TEAM = {"reps": 12, "quarters": 1, "observed": {"close_rate": (0.46, 0.25)}}

# The plans and ranges of the how-to pages about planning.
OPTIONS = {
    "more calls": {"activity.per_quarter": 900},
    "better proposals": {"stages.won.conversion": 0.38},
    "larger deals": {"deal_size.mean": 95_000},
    "steadier sizes": {"deal_size.cv": 0.4},
}
COARSE = {
    "activity.per_quarter": range(500, 1_501, 125),
    "stages.won.conversion": [0.20, 0.25, 0.30, 0.35, 0.40, 0.45, 0.50],
    "deal_size.mean": [70_000, 84_000, 100_000],
}
COSTS = {"activity.per_quarter": 30, "stages.won.conversion": 80_000, "deal_size.mean": 0.4}
BELIEVED = {
    "activity.per_quarter": (675, 900),
    "stages.demo.conversion": (0.55, 0.63),
    "stages.won.conversion": (0.25, 0.40),
    "deal_size.mean": (80_000, 90_000),
}
WIDE = {
    "activity.per_quarter": (300, 1_500),
    "stages.won.conversion": (0.15, 0.60),
    "deal_size.mean": (50_000, 150_000),
}
BENCHMARK = {"discovery": 0.021, "demo": 0.66, "won": 0.30}
BOTTOM = {"name": "bottom third", "stages.won.conversion": 0.25, "deal_size.mean": 70_000}
TOP = {
    "name": "top third",
    "stages.won.conversion": 0.46,
    "deal_size.mean": 160_000,
    "activity.per_quarter": 700,
}


def luck(folder: Path) -> dict[str, str]:
    """Draw the pictures into a folder, and return the numbers of the text by name."""
    lucky, managed = (fs.luck(plan, draws=DRAWS, seed=SEED) for plan in (LUCKY, MANAGED))
    samples = fs.simulate(LUCKY, draws=DRAWS, seed=SEED)
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in {
        "windfalls": lambda ax: windfalls(samples, ax=ax),
        "variance": lambda ax: variance_by_source(lucky, ax=ax),
        "kpis": lambda ax: kpi_table(managed, ax=ax),
        "floor": lambda ax: dose_response(managed, ax=ax),
        "adherence": lambda ax: dose_response(managed, by="adherence", ax=ax),
        "careers": lambda ax: careers(managed, ax=ax),
        "equal-mean": lambda ax: equal_mean(lucky, ax=ax),
    }.items():
        _draw(picture, folder / f"luck-{name}.png")
    luck_page(lucky, samples).savefig(folder / "luck-page.png", dpi=110)
    return {f"luck_{name}": text for name, text in _numbers(lucky, managed).items()}


def planning(folder: Path) -> None:
    """Draw the pictures of the how-to pages about planning into a folder."""
    plan = fs.preset("sales_math")
    quarter = plan.replace({"calendar.quarters": 1})
    plans = {"as is": plan} | {name: plan.replace(change) for name, change in OPTIONS.items()}
    compared = fs.compare(plans, draws=DRAWS, seed=SEED)
    activities = {"activity.per_quarter": range(500, 1_501, 50)}
    maps = activities | {"stages.won.conversion": [0.20 + 0.025 * k for k in range(17)]}
    covered = fs.coverage(plan)
    thirds = (plan.replace(changes) for changes in (BOTTOM, TOP))
    results = {
        "compare": (differences, compared),
        "ranking": (ranking, compared),
        "sweep-one": (sweep, fs.sweep(quarter, activities)),
        "sweep-two": (sweep, fs.sweep(quarter, maps)),
        "sweep-three": (sweep, fs.sweep(quarter, COARSE)),
        "solve": (curve, fs.solve(plan, "activity.per_quarter", attain=0.80)),
        "bites": (bites, fs.bites(plan, certainty=[0.80])),
        "coverage": (coverage, covered),
        "mix": (mix, fs.cheapest_mix(quarter, COSTS, attain=0.80)),
        "quota": (quota, fs.quota_for(quarter, share=[0.5, 0.6, 0.7, 0.8, 0.9])),
        "tornado": (tornado, fs.sensitivity(plan)),
        "tornado-believed": (tornado, fs.sensitivity(plan, BELIEVED)),
        "interactions": (
            interactions,
            fs.sensitivity(quarter, WIDE, interactions=True, points=256),
        ),
        "coaching": (coaching, fs.coaching_point(plan, BENCHMARK)),
        "bridge": (bridge, fs.bridge(*thirds)),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, (draw, told) in results.items():
        _draw(lambda ax, draw=draw, told=told: draw(told, ax=ax), folder / f"plan-{name}.png")
    coverage_picture(covered).savefig(folder / "plan-coverage-by-certainty.png", dpi=110)


def sizing(folder: Path) -> None:
    """Draw the pictures of the pages about teams into a folder."""
    company = fs.preset("three_segments")
    how = {"draws": 2_000, "seed": SEED}
    results = {
        "headcount": (headcount, fs.headcount(company, probability=[0.8, 0.9], **how)),
        "next-steps": (next_steps, fs.next_step(company, **how)),
        "cushion": (cushion, fs.cushion(company, **how)),
        "diversification": (diversification, fs.diversification(PLAIN, draws=DRAWS, seed=SEED)),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, (draw, told) in results.items():
        _draw(lambda ax, draw=draw, told=told: draw(told, ax=ax), folder / f"team-{name}.png")
    team_picture(fs.team(company, **how)).savefig(folder / "team-plan.png")


def _draw(picture: Callable[[Axes], object], path: Path) -> None:
    figure = Figure(figsize=(7.6, 5.2), dpi=150, layout="constrained")
    picture(figure.subplots())
    figure.savefig(path)


def _numbers(lucky: xr.Dataset, managed: xr.Dataset) -> dict[str, str]:
    return (
        {
            "draws": f"{DRAWS:,}",
            "p": percent(_exact(fs.exact(PLAIN), "attainment_probability")),
            "whale_share": _told(lucky, "bookings_variance_share", source="whale"),
            "whale_decides": _told(lucky, "attainment_variance_share", source="whale"),
            "won_decides": _told(lucky, "attainment_variance_share", source="outcome.won"),
            "size_decides": _told(lucky, "attainment_variance_share", source="size"),
            "activity_share": _told(lucky, "bookings_variance_share", source="activity"),
            "largest": _told(lucky, "largest_deal_dependence", quarter=1),
            "levels": _levels(),
        }
        | _managed(managed)
        | _repeated(managed)
        | _equal_mean(lucky)
        | _team()
    )


def _levels() -> str:
    """Tabulate what more activity does about dependence on windfalls."""
    lines = ["| activities a quarter | p | p_R | D | P(at least 3 of 4) |"]
    lines += ["|---:|---:|---:|---:|---:|"]
    for level in LEVELS:
        told = fs.exact(LUCKY.replace({"activity.per_quarter": level}))
        p, repeatable = (
            _exact(told, f"{name}attainment_probability") for name in ("", "repeatable_")
        )
        often = _exact(told, "at_least_probability", at_least=3)
        cells = (f"{level:,}", *map(percent, (p, repeatable, 1 - repeatable / p, often)))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _managed(told: xr.Dataset) -> dict[str, str]:
    """Return what KPIs go with, and what imposing the floor brings: exactly."""
    plans = imposed(MANAGED).plans
    none, level, floor = (fs.exact(plans[name]) for name in ("none", "level", "floor"))
    made = {
        name: _exact(each, "attainment_probability")
        for name, each in (("none", none), ("level", level), ("floor", floor))
    }
    hit, missed = (_exact(none, f"attainment_given_kpi_{each}") for each in ("hit", "missed"))
    four = [_exact(each, "at_least_probability", at_least=4) for each in (level, floor)]
    variance = [_exact(each, "bookings_sd") ** 2 for each in (level, floor)]
    return {
        "none": percent(made["none"]),
        "floor": percent(made["floor"]),
        "hit": percent(hit),
        "missed": percent(missed),
        "kpi": percent(_exact(none, "kpi_probability")),
        "gap": f"{100 * (hit - missed):.1f}",
        "effect": f"{100 * (made['floor'] - made['none']):.1f}",
        "level": f"{100 * (made['level'] - made['none']):+.1f}",
        "evenness": f"{100 * (made['floor'] - made['level']):+.1f}",
        "narrower": percent(1 - variance[1] / variance[0]),
        "four_level": percent(four[0]),
        "four_floor": percent(four[1]),
        "alike_gap": points(*_pair(told, "kpi_gap_of_identical_reps", lag=0)),
        "per_fifty": points(*_pair(told, "policy_effect_per_50_activities")),
        "fifty": points(*_pair(told, "effect_of_50_activities")),
        "cost": with_error(*_pair(told, "effect_on_activities_mean", effect="policy")),
    }


def _repeated(told: xr.Dataset) -> dict[str, str]:
    name = "career_at_least_probability"
    often = {"career": 20, "count": 15}
    return {
        "alike_often": _told(told, name, reps="alike", **often),
        "different_often": _told(told, name, reps="different", **often),
        **{
            f"after_{before}": _told(
                told, "next_attainment_probability", reps="different", before=before
            )
            for before in ("attained", "missed")
        },
    }


def _equal_mean(lucky: xr.Dataset) -> dict[str, str]:
    """Tabulate the ways to the mean of the plan without luck: exactly."""
    lines = ["| way | p | sd / mean | D | P(at least 3 of 4) |", "|---|---:|---:|---:|---:|"]
    for way, plan in EqualMean(PLAIN).plans.items():
        told = fs.exact(plan)
        p = _exact(told, "attainment_probability")
        cv = _exact(told, "bookings_sd") / _exact(told, "bookings_mean")
        dependence = max(1 - _exact(told, "repeatable_attainment_probability") / p, 0.0)
        often = _exact(told, "at_least_probability", at_least=3)
        cells = (way, percent(p), f"{cv:.4f}", percent(dependence), percent(often))
        lines.append(f"| {' | '.join(cells)} |")
    ahead = ahead_from(lucky)
    said = "; ".join(f"{way} from {ratio:g} times the mean on" for way, ratio in ahead.items())
    return {"ways": "\n".join(lines), "ahead": said or "none, up to twice the mean"}


def _team() -> dict[str, str]:
    told = fs.luck_or_skill(PLAIN, **TEAM, draws=DRAWS, seed=SEED)
    where = {"measure": "close_rate", "quarters_worked": 1}
    quarters = quarters_to_tell(told).sel(segment="rep", measure="close_rate", gap="difference")
    return {
        "top": _told(told, "third_mean", reps="alike", statistic="top", **where),
        "bottom": _told(told, "third_mean", reps="alike", statistic="bottom", **where),
        "p_value": _told(told, "third_gap_p_value", gap="difference", **where),
        "tell": f"{float(quarters):.0f}",
    }


def _exact(told: xr.Dataset, name: str, **labels: object) -> float:
    """Return a number of the first quarter."""
    array = told[name].isel(segment=0).sel(labels)
    return float(array.values.ravel()[0])


def _pair(told: xr.Dataset, name: str, **labels: object) -> tuple[float, float]:
    value, error = (
        float(told[each].isel(segment=0).sel(labels)) for each in (name, name + STANDARD_ERROR)
    )
    return value, error


def _told(told: xr.Dataset, name: str, **labels: object) -> str:
    return percent(*_pair(told, name, **labels))
