"""Pictures and numbers of the page about luck, made by the library at build time.

Numbers are exact where the exact twin covers the plan, and carry their standard error elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sphinx_gallery.scrapers import matplotlib_scraper

import funnelsim as fs
from funnelsim.analysis.luck.equal_mean import EqualMean, ahead_from
from funnelsim.analysis.luck.imposed import imposed
from funnelsim.analysis.luck.thirds import quarters_to_tell
from funnelsim.registry import STANDARD_ERROR
from funnelsim.report.numbers import percent, points, with_error
from funnelsim.report.plots.luck import luck_page
from funnelsim.report.plots.policy import dose_response, kpi_table
from funnelsim.report.plots.repeat import careers, equal_mean
from funnelsim.report.plots.windfalls import variance_by_source, windfalls

DRAWS, SEED, DOTS_PER_INCH = 20_000, 1, 150
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


def sharp(block: Any, variables: Any, settings: Any) -> str:
    """Keep what a script of the gallery drew, in as many dots as the other pictures."""
    return str(matplotlib_scraper(block, variables, settings, dpi=DOTS_PER_INCH))


def _draw(picture: Callable[[Axes], object], path: Path) -> None:
    figure = Figure(figsize=(7.6, 5.2), dpi=DOTS_PER_INCH, layout="constrained")
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
