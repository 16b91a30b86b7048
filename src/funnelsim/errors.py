"""What can go wrong, said so that the reader can mend it: value, rule, remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class FunnelsimError(Exception):
    """Base of every error that funnelsim raises on purpose."""


@dataclass(frozen=True)
class Problem:
    """One mistake in what the user stated.

    Attributes
    ----------
    path : str
        Where it stands, in the words of the file: ``stages.won.conversion``.
    value : str
        What was found there, shortened for reading; empty where something is missing.
    rule : str
        What is asked of it: ``must be between 0 and 1``.
    remedy : str
        What to do about it; may be empty where the rule says it all.
    line : int or None
        Line in the file, counted from 1, where it could be found.
    """

    path: str
    value: str
    rule: str
    remedy: str = ""
    line: int | None = None

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        found = f" = {self.value}" if self.value else ""
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{where}{self.path}{found}: {self.rule}.{remedy}"


class ScenarioError(FunnelsimError):
    """What the user stated is not a scenario; ``problems`` lists every mistake at once."""

    def __init__(self, problems: Iterable[Problem], source: str = "scenario") -> None:
        self.problems = tuple(problems)
        self.source = source
        count = len(self.problems)
        noun = "problem" if count == 1 else "problems"
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{source}: {count} {noun}\n{lines}")

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[tuple[Problem, ...], str]]:
        """Let pickle send it: a worker of a cluster may find the mistake."""
        return type(self), (self.problems, self.source)


class NotCoveredError(FunnelsimError):
    """The exact twin does not cover this scenario, or this question; the message says why."""


class ResourceError(FunnelsimError):
    """The work asked for would not fit; the message gives the estimate and the remedy."""


class ResultError(FunnelsimError):
    """A file is not a funnelsim result, or a result lacks what was asked of it."""


class ArgumentError(FunnelsimError, ValueError):
    """An argument of a call is out of its range; the message says value, rule, remedy."""
