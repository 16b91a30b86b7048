"""Every scenario of the oracle table: simulated against exact, within 5 standard errors.

The same at full size, where 5 standard errors are a thousandth, is oracle.py run as a script.
"""

from __future__ import annotations

import pytest

from oracle import QUICK, SCENARIOS, compare

# Skill in several dimensions takes the twin long; the quick run leaves it to the full one.
LONG = {"three skills, correlated", "two camps"}


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in LONG])
def test_simulated_meets_exact(name):
    line = compare(name, QUICK, seed=1)
    assert line.compared > 60
    assert line.numerical_error <= 1e-6
    assert line.worst < 5, line
