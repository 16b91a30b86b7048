"""Pictures of the page about money, made by the library at build time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

import funnelsim as fs
from funnelsim.report.plots.economics import budget, paces, payback

DRAWS, SEED = 4_000, 1
EXAMPLES = Path(__file__).parents[1] / "examples"
TEAM = {
    "calendar.quarters": 12,
    "headcount": 5,
    "ramp": {"weeks": 22},
    "attrition": {"per_year": 0.30, "fill_weeks": 9, "handover": 0.5},
    "pay": {"ote": 190_000, "hiring_cost": 20_000},
    "economics": {"sdr": {"per_year": 102_000, "hiring_cost": 10_000}},
}


def seats(folder: Path) -> None:
    """Draw the pictures into a folder."""
    plan = fs.preset("sdr_assisted").replace(TEAM)
    told = fs.economics(plan, draws=DRAWS, seed=SEED, by="year")
    example = fs.load(EXAMPLES / "three_hiring_paces.toml")
    plans = {name: example.variant(name) for name in example.variants}
    compared = fs.contribution(plans, draws=DRAWS, seed=SEED)
    folder.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, Callable[[Axes], object]] = {
        "rep": lambda ax: payback(told, ax=ax),
        "sdr": lambda ax: payback(told, addition="SDR", ax=ax),
        "budget": lambda ax: budget(told, ax=ax),
        "paces": lambda ax: paces(compared, ax=ax),
    }
    for name, draw in pictures.items():
        figure = Figure(figsize=(7.6, 5.2), dpi=150, layout="constrained")
        draw(figure.subplots())
        figure.savefig(folder / f"seat-{name}.png")
