"""The picture of a simulated plan as a file: of a team, or of one rep's bookings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from funnelsim.analysis.answers import simulated

if TYPE_CHECKING:
    from funnelsim.analysis.answers import Answer

MOST_DRAWS = 20_000  # are kept for the picture of single quarters: more would not show


def save_answer_picture(
    answer: Answer, path: str | os.PathLike[str], *, threads: int | None = None
) -> None:
    """Draw a team's bookings against its plan, or the first quarter of one rep, as ``.png``.

    Parameters
    ----------
    answer : Answer
        Simulated. One rep's picture shows its first draws again, 20,000 at most.
    path : path
    threads : int, optional
        Defaults to the processors that this process may use.

    Raises
    ------
    ResultError
        Where no segment of a team books anything.
    OSError
        Where the file cannot be written.
    """
    from funnelsim.report.plots.attainment import bookings
    from funnelsim.report.plots.saved import save_picture
    from funnelsim.report.plots.team import save_team_picture

    if answer.of_team:
        save_team_picture(answer.quarterly, path)
        return
    attrs = answer.quarterly.attrs
    draws, seed = min(int(attrs["draws"]), MOST_DRAWS), int(attrs["seed"])
    kept = simulated(answer.plan, draws=draws, seed=seed, threads=threads, keep_samples=True)
    if (samples := kept.samples) is not None:
        save_picture(lambda ax: bookings(samples, ax=ax), path)
