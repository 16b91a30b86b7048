"""Screens: numbers in the right digits, within the width, no claim too many."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim.analysis.answers import Answer, computed, simulated
from funnelsim.report.numbers import money, of_ten, percent, short_money, with_error
from funnelsim.report.text import WIDTH, summary_text, table
from scenarios import names


@pytest.fixture(scope="module")
def truth() -> Answer:
    return computed(fs.preset("sales_math"))


@pytest.fixture(scope="module")
def answer() -> Answer:
    return simulated(fs.preset("sales_math"), draws=500, seed=1)


def assert_fits(text: str) -> None:
    assert all(len(line) <= WIDTH for line in text.splitlines()), text


# Numbers


@given(value=st.floats(-1e15, 1e15), error=st.floats(1e-12, 1e12))
def test_value_and_error_agree_in_their_last_digit(value: float, error: float) -> None:
    shown, shown_error = with_error(value, error).split(" ± ")
    assert len(shown.partition(".")[2]) == len(shown_error.partition(".")[2])
    read, read_error = (float(text.replace(",", "")) for text in (shown, shown_error))
    assert abs(read_error - error) <= 0.051 * error  # two significant digits
    assert abs(read - value) <= 0.51 * error + 1e-15 * abs(value)
    digits = shown_error.replace(",", "").replace(".", "").strip("0")
    assert len(digits) <= 2


@given(st.floats(0, 1))
def test_natural_frequencies_are_true(probability: float) -> None:
    said = of_ten(probability, "quarters")
    assert said.endswith("quarters")
    if match := re.fullmatch(r"about (\d+) of (\d+) quarters", said):
        within = 0.02 if match[2] == "10" else 0.005
        assert abs(int(match[1]) / int(match[2]) - probability) <= within + 1e-12  # 0.78 is rounded
    elif match := re.fullmatch(r"between (\d) and (\d) of 10 quarters", said):
        assert int(match[1]) / 10 < probability < int(match[2]) / 10
        assert int(match[2]) - int(match[1]) == 1
    else:
        assert probability < 0.01 or probability > 0.99


def test_money_has_thousands_and_its_currency() -> None:
    assert money(1_234_567.8, "USD") == "$1,234,568"
    assert money(1_234_567.8, "EUR", 1_234) == "EUR 1,234,600 ± 1,200"
    assert short_money(999_999, "USD") == "$1M"
    assert short_money(84_000, "USD") == "$84k"
    assert money(math.nan, "USD") == percent(math.nan) == "-"
    assert percent(0.0, 0.0) == "0 ± 0 %"


# Screens


def test_every_simulated_number_has_its_error(answer: Answer, truth: Answer) -> None:
    for line in summary_text(answer).whole.splitlines()[4:]:
        if re.search(r"\d( %)?$", line) and not line.startswith(("in quarter", "observed")):
            assert "±" in line, line
    both = summary_text(answer, truth).whole
    assert "simulated" in both.splitlines()[3]
    assert "exact" in both.splitlines()[3]


def test_apart_is_the_difference_in_standard_errors(answer: Answer, truth: Answer) -> None:
    name = "attainment_probability"
    simulated_value = answer.quarterly[name].values[0, 0]
    error = answer.quarterly[f"{name}_standard_error"].values[0, 0]
    apart = abs(simulated_value - truth.quarterly[name].values[0, 0]) / error
    (line,) = [
        t for t in summary_text(answer, truth).whole.splitlines() if "made in quarter 1" in t
    ]
    assert line.split()[-1] == f"{apart:.1f}"


def test_observed_is_called_observed(answer: Answer) -> None:
    text = summary_text(answer).whole
    for line in text.splitlines():
        if "KPI" in line and "quota made" in line:
            assert "(observed)" in line
    assert "not what a policy brings" in " ".join(text.split())
    bare = fs.Scenario(**{**answer.plan.model_dump(exclude_unset=True), "kpis": (), "variants": {}})
    assert "observed" not in summary_text(simulated(bare, draws=50, seed=1)).whole


def test_quarters_that_differ_are_both_shown() -> None:
    plan = fs.preset("sales_math").replace({"calendar.start": "empty"})
    text = summary_text(simulated(plan, draws=50, seed=1)).whole
    assert "in quarter 1" in text
    assert "in quarter 4" in text


def test_a_long_horizon_fits_one_screen() -> None:
    plan = fs.preset("sales_math").replace({"calendar.quarters": 40})
    text = summary_text(simulated(plan, draws=50, seed=1)).whole
    assert_fits(text)
    assert len(text.splitlines()) < 50
    assert "made in quarter 40" in text
    assert "made in year 10" in text
    assert "at least 30 of 40" in text


@given(name=names | st.text("W", min_size=80, max_size=80))
def test_any_name_keeps_within_the_width(name: str, answer: Answer, truth: Answer) -> None:
    data = answer.plan.model_dump(exclude_unset=True) | {"name": name, "variants": {}}
    data["kpis"] = ({**data["kpis"][0], "name": name},)
    plan = fs.Scenario(**data)
    text = summary_text(replace(answer, plan=plan), replace(truth, plan=plan)).whole
    assert_fits(text)
    assert len(name) > 20 or f"KPI {name} hit" in text


@pytest.mark.parametrize("quota", [1e-2, 1.0, 1e6, 1e9, 1e12])
def test_amounts_of_any_size_keep_within_the_width(quota: float) -> None:
    size = {"law": "lognormal", "mean": quota / 3, "cv": 0.5}
    plan = fs.Scenario(
        name="Plan",
        currency="JPY",
        quota={"per_quarter": quota},
        activity={"per_week": 50},
        stages=[{"name": "won", "conversion": 0.005}],
        deal_size=size,
        windfall={**size, "per_quarter": 0.1},
    )
    assert_fits(summary_text(simulated(plan, draws=50, seed=1), computed(plan)).whole)


def test_a_table_shortens_labels_and_keeps_numbers() -> None:
    lines = table([["label " * 20, "1" * 30, "2" * 30], ["", "a", "b"]])
    assert all(len(line) <= WIDTH for line in lines)
    assert lines[0].startswith("label")
    assert lines[0].endswith(f"{'1' * 30}  {'2' * 30}")
