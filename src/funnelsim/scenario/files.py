"""Scenario files: TOML (or JSON) to Scenario and back, and the presets by name."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

from funnelsim.errors import Problem, ScenarioError
from funnelsim.scenario import shelf
from funnelsim.scenario.given import check_scenario, check_text
from funnelsim.scenario.lines import json_lines_of, line_of, lines_of
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.parsing import MOST_BYTES, is_json, parsed, too_large
from funnelsim.scenario.wording import did_you_mean, shown

HERE = Path(__file__).parent


def load(path: str | os.PathLike[str]) -> Scenario:
    """Read a scenario file: TOML, or JSON where its name ends in ``.json``.

    Raises
    ------
    ScenarioError
        Where the file cannot be read, or listing every problem in it with its line.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "plan.toml")
    >>> _ = path.write_text(starter(), encoding="utf-8")
    >>> load(path).quotas
    (250000.0,)
    """
    source = str(path)
    try:
        content = _content(Path(path))
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        why = getattr(error, "strerror", None) or str(error)
        remedy = did_you_mean(source, presets())
        if source in presets():
            remedy = f'A preset is not a file: fs.preset("{source}").'
        raise ScenarioError(
            [Problem("file", "", f"cannot be read: {why}", remedy)], source
        ) from None
    if len(content) > MOST_BYTES:
        raise ScenarioError([too_large()], source)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = Problem("file", "", "must be UTF-8 text", "Save it as UTF-8.", line)
        raise ScenarioError([problem], source) from None
    return loads(text, source)


def loads(text: str, source: str = "scenario") -> Scenario:
    """Read a scenario from TOML text, or from JSON where the source ends in ``.json``.

    Raises
    ------
    ScenarioError
        Listing every problem, with its line where that could be found.
    ArgumentError
        Where it is no text.

    Examples
    --------
    >>> loads(dumps(preset("sales_math"))) == preset("sales_math")
    True
    """
    check_text(text)
    data = parsed(text, source)
    try:
        return Scenario(**data)
    except ScenarioError as error:
        lines = json_lines_of(text, data) if is_json(source) else lines_of(text, data)
        placed = [replace(each, line=line_of(each.path, lines)) for each in error.problems]
        placed.sort(key=lambda each: each.line or len(text))  # those without a line come last
        raise ScenarioError(placed, source) from None


def dumps(scenario: Scenario) -> str:
    """Return a scenario as TOML text that loads back to an equal one.

    Only what is not default is stated. What reading resolves is stated where it matters: the
    reference of an elastic activity, so that later changes of the level do not move it.

    Raises
    ------
    ArgumentError
        Where it is no scenario.

    Examples
    --------
    >>> print(dumps(preset("sales_math").variant("floor")).splitlines()[0])
    name = "Sales Math, floor"
    """
    from funnelsim.scenario.dumping import dumped

    check_scenario(scenario, "scenario")
    return dumped(scenario)


def preset(name: str) -> Scenario:
    """Return a preset.

    Raises
    ------
    ScenarioError
        Where there is no preset of that name; the message names the nearest, or lists them.

    Examples
    --------
    >>> preset("sales_math").activity.per_quarter
    750.0
    """
    if name not in presets():
        remedy = did_you_mean(str(name), presets()) or f"There are: {', '.join(presets())}."
        raise ScenarioError([Problem("preset", shown(name), "is not among the presets", remedy)])
    return loads(shelf.text_of(name), source=f"preset {name}")


def presets() -> tuple[str, ...]:
    """Return the names of the presets.

    Examples
    --------
    >>> "sales_math" in presets()
    True
    """
    return shelf.names()


def starter() -> str:
    """Return the commented file that a new scenario begins as; it runs as it is.

    Examples
    --------
    >>> loads(starter()).name
    'My plan'
    """
    return (HERE / "starter.toml").read_text(encoding="utf-8")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a scenario file, for completion in editors.

    Examples
    --------
    >>> json_schema()["properties"]["quota"]["$ref"]
    '#/$defs/Quota'
    """
    from funnelsim.scenario.schema import schema

    return schema()


def _content(path: Path) -> bytes:
    """Return what a regular file holds, or the first byte beyond what is allowed."""
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe or a device may never end
        raise OSError(0, "it is not a regular file")
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)
