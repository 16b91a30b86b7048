"""The scenario that a command line names, and the command that may follow it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from funnelsim.scenario.model import Scenario


class Then(NamedTuple):
    """A command to run next.

    Attributes
    ----------
    tells : str
        What it answers, to stand after "Next".
    words : list of str
        The command.
    """

    tells: str
    words: list[str]


@dataclass(frozen=True)
class Named:
    """The scenario that the line names.

    Attributes
    ----------
    file : str
        A file, or the name of a preset.
    changes : tuple of str
        As stated: ``quota.per_quarter=300_000``.
    variant : str or None
    """

    file: str
    changes: tuple[str, ...]
    variant: str | None

    def plan(self) -> Scenario:
        """Return it."""
        return plan_of(self.file, self.changes, self.variant)

    def then(self, tells: str, command: str, *options: str) -> Then:
        """Return a command about the same scenario.

        Examples
        --------
        >>> named = Named("sales_math", ("quota.per_quarter=3e5",), "fixed sizes")
        >>> named.then("the page", "report", "--draws", "9").words[2:5]
        ['sales_math', '--variant', "'fixed sizes'"]
        """
        words = ["funnelsim", command, self.file]
        words += [] if self.variant is None else ["--variant", self.variant]
        for change in self.changes:
            words += ["--set", change]
        return Then(tells, [shlex.quote(word) for word in (*words, *options)])


def plan_of(file: str, changes: Sequence[str] = (), variant: str | None = None) -> Scenario:
    """Return the scenario that the command line names: file or preset, variant, then changes."""
    from funnelsim.scenario.files import load, preset
    from funnelsim.scenario.files import presets as names
    from funnelsim.scenario.parsing import parse_assignment

    assignments = [parse_assignment(change) for change in changes]
    plan = preset(file) if file in names() else load(file)
    if variant is not None:
        plan = plan.variant(variant)
    return plan.replace(dict(assignments)) if assignments else plan
