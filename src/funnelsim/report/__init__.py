"""What people see: text, pictures, and the page that ``funnelsim.report(...)`` makes.

The room has the name of that call: whoever imports from the room first finds both under it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

    from funnelsim.analysis.board.effort import Watch
    from funnelsim.scenario.model import Scenario


class _Room(ModuleType):
    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        """What is said of the call."""
        from funnelsim.report.page.report import report

        return report.__doc__

    def __call__(
        self,
        plans: Scenario | Mapping[str, Scenario],
        path: str | os.PathLike[str] | None = None,
        *,
        seed: int,
        draws: int | None = None,
        text: str | None = None,
        threads: int | None = None,
        progress: Callable[[int, int], None] | None = None,
        watch: Watch | None = None,
    ) -> str:
        """Make a page about a plan: see :func:`funnelsim.report.page.report.report`."""
        from funnelsim.report.page.report import report

        return report(
            plans,
            path,
            seed=seed,
            draws=draws,
            text=text,
            threads=threads,
            progress=progress,
            watch=watch,
        )


sys.modules[__name__].__class__ = _Room
