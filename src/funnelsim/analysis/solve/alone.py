"""What each lever alone would have to be for a goal, ranked by how far that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funnelsim.analysis.chances import Goal, Method
from funnelsim.analysis.levers.levers import bare, default_paths, lever_of
from funnelsim.analysis.solve.solve import solve
from funnelsim.engine.blocks import Progress
from funnelsim.errors import ArgumentError, ScenarioError
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.wording import parts_of

if TYPE_CHECKING:
    import xarray as xr

FAR = 8.0  # times what the plan states: a change beyond it is none that anybody makes
SIZES = ("mean", "minimum", "amounts")
QUOTA = "quota.per_quarter"


@dataclass(frozen=True)
class Alone:
    """What one lever alone would have to be.

    Attributes
    ----------
    path : str
    now : float
        Where the plan has it.
    told : xarray.Dataset
        What :func:`funnelsim.solve` says.
    """

    path: str
    now: float
    told: xr.Dataset

    @property
    def found(self) -> bool:
        """Whether some value is enough."""
        return str(self.told.attrs["outcome"]) == "found"

    @property
    def needed(self) -> float:
        """That value; NaN where none is."""
        return float(self.told["solved_value"]) if self.found else math.nan

    @property
    def relative(self) -> float:
        """How far it is from the plan's, relative to that."""
        return self.needed / self.now - 1 if self.now else math.nan


def pullable(plan: Scenario) -> list[str]:
    """Return the levers whose level somebody can work on: activity, conversions, deal sizes.

    Examples
    --------
    >>> import funnelsim as fs
    >>> pullable(fs.preset("sales_math"))[1:3]
    ['stages.discovery.conversion', 'stages.demo.conversion']
    """
    found = []
    for path in default_paths(plan, Goal()):
        parts = parts_of(path) or (path,)
        level = parts[0] == "activity" and parts[-1].startswith("per_")
        converts = parts[0] == "stages" and parts[-1] == "conversion"
        if level or converts or (parts[0] == "deal_size" and parts[-1] in SIZES):
            found.append(path)
    return found


def each_alone(
    plan: Scenario,
    paths: Sequence[str],
    *,
    attain: float,
    method: Method = "auto",
    draws: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> list[Alone]:
    """Return what each lever alone takes for P(attain), the smallest relative change first.

    Parameters
    ----------
    plan : Scenario
        That does not reach it yet.
    paths : sequence of str
        Of levers of which more helps, and of the quota, of which less does.
    attain : float
    method, draws, seed, threads, progress
        As in :func:`funnelsim.solve`.

    Returns
    -------
    list of Alone
        Levers of which no value up to eight times the plan's is enough come last.

    Examples
    --------
    >>> import funnelsim as fs
    >>> found = each_alone(fs.preset("sales_math"), ["activity.per_quarter"], attain=0.8)
    >>> round(found[0].needed, 1), round(found[0].relative, 3)
    (1295.2, 0.727)
    """
    found = []
    for path in paths:
        now = lever_of(bare(plan), path).value

        def looked(within: tuple[float, float] | None, path: str = path) -> xr.Dataset:
            return solve(
                plan,
                path,
                attain=attain,
                within=within,
                method=method,
                draws=draws,
                seed=seed,
                threads=threads,
                progress=progress,
            )

        ends = (now / FAR, now) if path == QUOTA else (now, FAR * now)
        if path.endswith("conversion"):
            ends = (now, min(1.0, FAR * now))
        try:
            told = looked(ends)
        except (ScenarioError, ArgumentError):  # an end that cannot be stated: look everywhere
            told = looked(None)
        found.append(Alone(path, now, told))
    return sorted(found, key=lambda each: abs(each.relative) if each.found else math.inf)
