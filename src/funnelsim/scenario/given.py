"""What a caller gives for a scenario: one, or the message that says how to come by one."""

from __future__ import annotations

import os
from collections.abc import Mapping

from funnelsim.errors import ArgumentError
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.wording import shown


def check_scenario(given: object, name: str = "plan") -> None:
    """Refuse what is no scenario: most often it is the name of a file or of a preset.

    Raises
    ------
    ArgumentError
        Naming the argument, what was given, and the calls that give a scenario.

    Examples
    --------
    >>> try:
    ...     check_scenario("plan.toml")
    ... except ArgumentError as error:
    ...     print(error)
    plan = "plan.toml": must be a scenario. fs.load reads a file, fs.preset knows some by name.
    """
    if isinstance(given, Scenario):
        return
    text = isinstance(given, str | os.PathLike)
    value = shown(str(given)) if text else f"a {type(given).__name__}"
    raise ArgumentError(
        f"{name} = {value}: must be a scenario. fs.load reads a file, fs.preset knows some by name."
    )


def check_scenarios(given: object) -> None:
    """Refuse plans that are no scenarios by name, saying everything that is wrong.

    Raises
    ------
    ArgumentError
        Naming what was given in their place.
    """
    if not isinstance(given, Mapping):
        raise ArgumentError(
            "plans: must be scenarios by name, such as {'as is': plan, 'more calls': other}, "
            f"not a {type(given).__name__}."
        )
    if not given:
        raise ArgumentError("plans: there must be at least one.")
    wrong = [f"{name!r}: names must be texts" for name in given if not isinstance(name, str)]
    wrong += [
        f"{name}: must be a scenario, not a {type(plan).__name__}"
        for name, plan in given.items()
        if not isinstance(plan, Scenario)
    ]
    if wrong:
        raise ArgumentError(f"plans: {'; '.join(wrong)}.")


def check_text(given: object, name: str = "text") -> None:
    """Refuse what is no text, such as the bytes of a file.

    Raises
    ------
    ArgumentError
        Naming the argument and what was given.
    """
    if not isinstance(given, str):
        raise ArgumentError(
            f"{name} = a {type(given).__name__}: must be text. fs.load reads a file."
        )
