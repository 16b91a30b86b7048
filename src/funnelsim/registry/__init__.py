"""One table of every array that a result may hold: name, dims, dtype, unit, meaning.

Written once: it labels what the engine and the analysis return, validates it, and is what
``funnelsim.variables()`` prints. Estimates carry their error under the same name with a suffix:
``_standard_error`` where they were simulated, ``_numerical_error`` where they were computed.
"""

from __future__ import annotations

from funnelsim.registry.luck import LUCK, THIRDS
from funnelsim.registry.planning import (
    BESIDE_EXACT,
    BRIDGE,
    COMPARE,
    COMPARED,
    DIFFERENCE,
    SCENARIO,
    SENSITIVITY,
    SOLVE,
)
from funnelsim.registry.samples import PIPELINE_SAMPLES, SAMPLES, WAYS_SAMPLES
from funnelsim.registry.summaries import QUARTER_SUMMARIES, SUMMARIES
from funnelsim.registry.team import (
    COMPANY,
    COMPARED_BY_PERIOD,
    COMPARED_TEAMS,
    ECONOMICS,
    SIZING,
    TEAM,
)
from funnelsim.registry.variable import (
    CURRENCY,
    NUMERICAL_ERROR,
    SAMPLE,
    SEGMENT,
    STANDARD_ERROR,
    SUMMARY,
    Variable,
)

__all__ = [
    "ALL",
    "BESIDE_EXACT",
    "BRIDGE",
    "BY_NAME",
    "COMPANY",
    "COMPARE",
    "COMPARED",
    "COMPARED_BY_PERIOD",
    "COMPARED_TEAMS",
    "CURRENCY",
    "DIFFERENCE",
    "ECONOMICS",
    "LUCK",
    "NUMERICAL_ERROR",
    "PIPELINE_SAMPLES",
    "QUARTER_SUMMARIES",
    "SAMPLE",
    "SAMPLES",
    "SCENARIO",
    "SEGMENT",
    "SENSITIVITY",
    "SIZING",
    "SOLVE",
    "STANDARD_ERROR",
    "SUMMARIES",
    "SUMMARY",
    "TEAM",
    "THIRDS",
    "WAYS_SAMPLES",
    "Variable",
    "variables",
]  # fmt: skip

ALL = (*SAMPLES, *PIPELINE_SAMPLES, *WAYS_SAMPLES, *SUMMARIES, *QUARTER_SUMMARIES, *LUCK, *THIRDS,
       *COMPARE, *SENSITIVITY, *BRIDGE, *SOLVE, *COMPANY, *TEAM, *COMPARED_TEAMS, *SIZING,
       *ECONOMICS)  # fmt: skip
BY_NAME = {variable.name: variable for variable in ALL}


def variables() -> tuple[Variable, ...]:
    """Return the registry: name, dims, dtype, unit and meaning of every array of a result.

    Examples
    --------
    >>> import funnelsim as fs
    >>> [variable.unit for variable in fs.variables() if variable.name == "bookings"]
    ['currency']
    """
    return ALL
