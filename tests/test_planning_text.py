"""What the screens about planning say: numbers with their errors, sentences that the data bear."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import xarray as xr

import funnelsim as fs
from funnelsim.analysis.chances import Goal
from funnelsim.report.bites import bites_lines
from funnelsim.report.bridge import adding_up, bridge_text
from funnelsim.report.compare import compare_text
from funnelsim.report.enough import mix_text, quota_text
from funnelsim.report.levers import enough, goal_said, times
from funnelsim.report.sensitivity import sensitivity_text
from funnelsim.report.solve import solve_text
from funnelsim.report.sweep import sweep_text
from funnelsim.report.told import WIDTH, Exact, Number, Told

PLAN = fs.preset("sales_math")
ACTIVITY, WON = "activity.per_quarter", "stages.won.conversion"


def of(
    arrays: dict[str, tuple[Any, Any]],
    coords: dict[str, Any],
    kind: str = "simulated",
    **attrs: Any,
) -> xr.Dataset:
    """A result by hand: (dims, values) by name, an error for names in ``errors``."""
    made = {"title": PLAN.name, "currency": "USD", "method": kind, "draws": 20_000, "seed": 1}
    return xr.Dataset(arrays, coords, {"refused": "{}", **made, **attrs})


def estimates(
    names: dict[str, tuple[Any, Any, Any]], suffix: str = "_standard_error"
) -> dict[str, tuple[Any, Any]]:
    """Arrays of (dims, values, errors), each error under its own name."""
    found = {}
    for name, (dims, values, errors) in names.items():
        found[name] = (dims, np.asarray(values, dtype=float))
        if errors is not None:
            full = np.broadcast_to(np.asarray(errors, dtype=float), np.shape(values))
            found[name + suffix] = (dims, full.copy())
    return found


def words(text: str) -> str:
    assert all(len(line) <= WIDTH for line in text.splitlines()), text
    assert not any(line != line.rstrip() for line in text.splitlines()), text
    return " ".join(text.split())


# Numbers


def test_what_has_no_standard_error_is_shown_without_one() -> None:
    arrays = estimates({"noisy": ((), 0.5, 0.01)})
    arrays |= estimates({"sharp": ((), 0.5, 1e-9)}, "_numerical_error")
    told = Told(of(arrays, {}))
    assert told.get("noisy").percent == "50.0 ± 1.0 %"
    assert isinstance(told.get("sharp"), Exact)
    assert told.get("sharp").percent == "50.00 %"
    assert told.get("sharp").over(0.01).tight == "50"
    assert Exact(-0.0, 0.0).points == "+0.00 points"
    assert Exact(math.nan, math.nan).points == Exact(math.nan, math.nan).of_100 == "-"


@pytest.mark.parametrize(
    ("path", "value", "up", "said"),
    [
        (ACTIVITY, 1_295.0000001, True, "1,295"),
        (ACTIVITY, 1_295.01, True, "1,296"),
        (WON, 0.415301, True, "41.54 %"),
        (WON, 0.415399, False, "41.53 %"),
        ("quota.per_quarter", 250_000.9, False, "$250,000"),
        ("deal_size.cv", 0.123456789, True, "0.12346"),
        ("deal_size.cv", 0.123456789, False, "0.12345"),
    ],
)
def test_what_is_enough_is_rounded_to_the_side_where_it_is(
    path: str, value: float, up: bool, said: str
) -> None:
    assert enough(path, value, "USD", up=up) == said


def test_goals_are_natural_frequencies() -> None:
    assert (times(0.8), times(0.05), times(0.995)) == ("8 of 10", "5 of 100", "995 of 1,000")
    assert (
        goal_said(PLAN, Goal(by="year"), "9 of 10") == "the year's quota is made in 9 of 10 years"
    )
    assert goal_said(PLAN, Goal(amount=3e5), "6 of 10") == "$300,000 is made in 6 of 10 quarters"


@pytest.mark.parametrize("digits", [0, 1, 2])
@pytest.mark.parametrize("seed", range(20))
def test_rounded_parts_still_add_up(digits: int, seed: int) -> None:
    """Whatever the parts, and each is off by less than one unit of the last digit."""
    draw = np.random.default_rng(seed)
    parts = draw.normal(0, 5, draw.integers(1, 9)).tolist()
    start = float(draw.uniform(0, 100))
    end = start + math.fsum(parts)
    shown = adding_up(parts, start, end, digits)
    unit = 10.0**-digits
    assert round(start, digits) + math.fsum(shown) == pytest.approx(round(end, digits), abs=1e-9)
    assert all(abs(a - b) < 1.5 * unit for a, b in zip(parts, shown, strict=True))


# compare


def compared(
    made: list[float], error: float, best: list[float], **attrs: Any
) -> tuple[dict[str, fs.Scenario], xr.Dataset]:
    names = ["base", "B", "C"][: len(made)]
    plans = {"base": PLAN} | {name: PLAN.replace({ACTIVITY: 800}) for name in names[1:]}
    gaps = [each - made[0] for each in made]
    one, wide = ("scenario", "segment"), np.array(made)[:, None]
    k = ("scenario", "segment", "at_least")
    numbers = estimates(
        {
            "attainment_probability": (one, wide, 0.003),
            "attainment_probability_difference": (one, np.array(gaps)[:, None], error),
            "bookings_mean": (one, 250_000 + 0 * wide, 500),
            "bookings_quantile": (
                ("scenario", "segment", "probability"), 60_000 + 0 * wide[..., None], 600,
            ),
            "at_least_probability": (k, np.repeat(wide[..., None], 4, axis=2), 0.004),
            "beats_probability": (
                ("scenario", "segment", "other"), np.full((len(made), 1, len(made)), 0.5), 0.01,
            ),
            "gain": (one, np.full_like(wide, 12.345), None),
        }
    )  # fmt: skip
    numbers |= estimates(
        {"best_probability": (one, np.array(best)[:, None], 1e-4)}, "_numerical_error"
    )
    changes = {name: [{"path": ACTIVITY, "from": 750, "to": 800}] for name in names}
    about = {"stopped": "draws done", "changes": json.dumps(changes), **attrs}
    coords = {
        "scenario": names, "segment": ["rep"], "other": names, "probability": [0.1],
        "at_least": [1, 2, 3, 4],
    }  # fmt: skip
    return plans, of(numbers, coords, **about)


def test_the_best_is_named_with_its_lead() -> None:
    text = words(compare_text(*compared([0.45, 0.50, 0.47], 0.001, [0.0, 0.9999, 0.0001])).whole)
    assert "The best is B: it makes quota in 50 of 100 quarters, +5.00 ± 0.10 points" in text
    assert "best with a probability of > 99.9 %" in text
    assert "B: activity.per_quarter 750 -> 800" in text
    assert "12.3" in text
    assert "base 45.00±0.30 - 45.00±0.40 250.00±0.50 60.00±0.60" in text


def test_the_first_may_be_the_best() -> None:
    text = words(compare_text(*compared([0.45, 0.40, 0.41], 0.001, [0.98, 0.0, 0.02])).whole)
    assert "No plan makes quota more often than base: 45 of 100 quarters" in text
    assert "4.00 ± 0.10 points more than C; best with a probability of 98.0 %" in text


def test_what_is_not_told_apart_is_not_called_best() -> None:
    text = words(compare_text(*compared([0.45, 0.4501, 0.40], 0.001, [0.46, 0.54, 0.0])).whole)
    assert "Which is best is not known yet: B 54.0 %, base 46.0 %. More draws would tell" in text
    assert "The best is" not in text


def test_plans_that_are_alike_are_said_to_be() -> None:
    text = words(compare_text(*compared([0.45, 0.45], 0.0, [0.5, 0.5])).whole)
    assert "Nothing tells these plans apart: each makes quota in 45 of 100 quarters" in text


def test_best_plans_that_are_the_same_are_equally_good() -> None:
    text = words(compare_text(*compared([0.45, 0.5, 0.5], 0.001, [0.0, 0.5, 0.5])).whole)
    said = "The best are B and C, equally good: each makes quota in 50 of 100 quarters, +5.00"
    assert said in text
    assert "More draws" not in text


@pytest.mark.parametrize(
    ("stopped", "attrs", "said"),
    [
        ("best known", {"confidence": 0.95}, "the best is known with a probability of 0.95"),
        ("precision reached", {"precision": 0.002}, "differences are known to 0.002"),
        ("most_draws reached: not told apart", {"confidence": 0.9}, "not told apart, after 20,000"),
        (
            "most_draws reached: not as precise as wanted",
            {"precision": 0.1},
            "differences are not known to 0.1",
        ),
    ],
)
def test_a_sequential_run_says_why_it_stopped(
    stopped: str, attrs: dict[str, float], said: str
) -> None:
    plans, told = compared([0.45, 0.5], 0.001, [0.0, 1.0], stopped=stopped, **attrs)
    assert said in words(compare_text(plans, told).whole)


# sweep


def swept(shape: tuple[int, ...], method: Any = "exact", quarters: int = 4) -> xr.Dataset:
    paths = [ACTIVITY, WON, "deal_size.mean"][: len(shape)]
    labels: dict[str, Any] = {
        path: np.linspace(low, high, size)
        for path, size, low, high in zip(
            paths, shape, (500, 0.2, 7e4), (1_500, 0.5, 9e4), strict=False
        )
    }
    made = np.linspace(0.1, 0.9, math.prod(shape)).reshape(*shape, 1, 1)
    made = np.broadcast_to(made, (*shape, 1, quarters))
    dims = (*paths, "segment", "quarter")
    methods = np.broadcast_to(np.asarray(method, dtype="<U9"), shape)
    exact = methods[..., None, None] == "exact"
    error = np.where(exact, np.nan, 0.003) + 0 * made
    small = np.where(exact, 1e-9, np.nan) + 0 * made
    name = "attainment_probability"
    arrays = {
        name: (dims, made),
        f"{name}_standard_error": (dims, error),
        f"{name}_numerical_error": (dims, small),
    }
    labels |= {
        "segment": ["rep"],
        "quarter": list(range(1, quarters + 1)),
        "method": (paths, methods),
    }
    used = set(methods.ravel().tolist())
    kind = used.pop() if len(used) == 1 else "mixed"
    if kind == "exact":
        del arrays[f"{name}_standard_error"]
    return of(arrays, labels, kind, asked="{}")


def test_one_path_is_a_row_a_value() -> None:
    lines = sweep_text(PLAN, swept((3,))).whole.splitlines()
    assert lines[1:3] == [
        "Quota is made in 10.00 % of quarters at activities a quarter = 500, and in",
        "90.00 % at activities a quarter = 1,500.",
    ]
    assert [line.split() for line in lines[5:8]] == [
        ["500", "10.00"], ["1,000", "50.00"], ["1,500", "90.00"],
    ]  # fmt: skip


def test_two_paths_are_a_matrix_with_an_error_where_a_cell_was_simulated() -> None:
    methods = [["exact", "simulated"], ["exact", "simulated"]]
    text = sweep_text(PLAN, swept((2, 2), methods)).whole
    rows = [line.split() for line in text.splitlines() if line.startswith(("500", "1,500"))]
    assert rows == [["500", "10.00", "36.67±0.30"], ["1,500", "63.33", "90.00±0.30"]]
    words(text)


@pytest.mark.parametrize("shape", [(200,), (50, 50), (30, 9, 4), (1, 1)])
@pytest.mark.parametrize("method", ["exact", "simulated"])
def test_many_cells_fit_a_screen(shape: tuple[int, ...], method: str) -> None:
    text = sweep_text(PLAN, swept(shape, method)).whole
    assert len(text.splitlines()) <= 90
    said = words(text)
    assert ("a file (-o) holds all of them" in said) == (max(shape) > 1)
    for line in text.splitlines():
        assert "nan" not in line


# sensitivity


def moved(
    swings: list[float], error: float, suffix: str = "_standard_error"
) -> tuple[fs.Scenario, Goal, xr.Dataset]:
    paths = [ACTIVITY, WON, "deal_size.mean", "deal_size.cv"][: len(swings)]
    half = np.array(swings) / 2
    numbers = estimates(
        {
            "goal_probability": ((), 0.45, error),
            "goal_probability_change": (("lever", "end"), np.stack([-half, half], axis=1), error),
            "swing": ("lever", swings, error),
            "largest_swing": ("lever", np.abs(swings), error),
            "elasticity": ("lever", np.array(swings) * 10, error),
        },
        suffix,
    )
    numbers |= estimates({"lever_range": (("lever", "end"), [[0.3, 0.36]] * len(swings), None)})
    coords = {"lever": paths, "end": ["low", "high"]}
    kind = "exact" if "numerical" in suffix else "simulated"
    return PLAN, Goal(), of(numbers, coords, kind, goal="P(attain)", notes="{}")


def test_the_lever_that_moves_most_is_named() -> None:
    text = words(sensitivity_text(*moved([0.12, 0.0534], 0.002)).whole)
    assert "Quota is made in 45.00 ± 0.20 % of quarters. Activities a quarter moves it most" in text
    assert "12.00 ± 0.20 points from low to high" in text
    assert "-------|+++++++" in text
    assert "---|+++ " in text


def test_levers_that_are_not_told_apart_are_named_together() -> None:
    said = "Activities a quarter and conversion to won move it most, not told apart"
    assert said in words(sensitivity_text(*moved([0.12, 0.118, 0.05], 0.002)).whole)
    assert said not in words(
        sensitivity_text(*moved([0.12, 0.118], 1e-9, "_numerical_error")).whole
    )


def test_a_lever_that_hurts_and_levers_that_do_nothing() -> None:
    text = words(sensitivity_text(*moved([-0.12, 0.06], 0.002)).whole)
    assert "moves it most (the higher, the less): 12.00 ± 0.20 points" in text
    assert "+++++++|-------" in text
    nothing = words(sensitivity_text(*moved([0.003], 0.002)).whole)
    assert "No lever moves it measurably" in nothing


def test_a_lever_that_bends_has_no_sign() -> None:
    plan, goal, told = moved([0.02], 0.002)
    told["largest_swing"] = ("lever", [0.09])
    text = words(sensitivity_text(plan, goal, told).whole)
    assert "moves it most: 9.00 ± 0.20 points from the plan to one end: it bends." in text
    assert "(9.00±0.20)" in text


@pytest.mark.parametrize(("exact", "said"), [(True, "the next adds as much"), (False, "draws")])
def test_an_exact_tie_of_coaching_takes_no_more_draws(exact: bool, said: str) -> None:
    how: dict[str, Any] = {} if exact else {"method": "simulated", "draws": 2_000, "seed": 1}
    conversions = {stage.name: stage.conversion for stage in PLAN.stages}
    raised = {name: 1.1 * conversions[name] for name in ("demo", "won")}
    point = fs.coaching_point(PLAN, raised, **how)
    text = words(sensitivity_text(*moved([0.12, 0.05], 0.002), point).whole)
    assert said in text.split("Where to coach")[1]
    assert ("more draws would tell" in text) != exact


# bridge


def bridged(parts: list[float], error: float | None) -> tuple[fs.Scenario, Goal, xr.Dataset]:
    suffix = "_numerical_error" if error is None else "_standard_error"
    error = 1e-9 if error is None else error
    end = 0.45 + math.fsum(parts)
    names = {
        "bridge_start": ((), 0.45, error),
        "bridge_end": ((), end, error),
        "bridge_difference": ((), end - 0.45, error),
    } | {f"contribution{which}": ("factor", parts, error) for which in ("", "_first", "_last")}
    factors = [f"factor {k}" for k in range(len(parts))]
    coords = {"factor": factors, "changes": ("factor", [f"x: {k} -> 1" for k in factors])}
    kind = "exact" if "numerical" in suffix else "simulated"
    about = {"amount_of": "probability", "other_title": "Other", "goal": "P(attain)"}
    return PLAN, Goal(), of(estimates(names, suffix), coords, kind, **about)


@pytest.mark.parametrize("error", [None, 0.0012, 0.03])
def test_the_shown_waterfall_adds_up(error: float | None) -> None:
    text = bridge_text(*bridged([0.1234, -0.0567, 0.03333, 0.00004], error)).whole
    words(text)
    lines = text.splitlines()
    top = next(k for k, line in enumerate(lines) if line.startswith("Sales Math "))
    labels = ["Sales Math", *(f"factor {k}" for k in range(4)), "Other"]
    column = [
        line.removeprefix(label).split()[0].split("±")[0]
        for label, line in zip(labels, lines[top : top + 6], strict=True)
    ]
    start, *parts, end = map(float, column)
    assert start + math.fsum(parts) == pytest.approx(end, abs=1e-9)
    assert ("±" in "".join(lines[top : top + 6])) == (error is not None)


def test_a_bridge_names_what_contributes_most() -> None:
    said = "+7.00 points. The largest part is added by factor 0."
    assert said in words(bridge_text(*bridged([0.1, -0.03], None)).whole)
    assert "All of it is taken by factor 0." in words(bridge_text(*bridged([-0.1], None)).whole)
    assert "No factor contributes measurably" in words(bridge_text(*bridged([0.001], 0.01)).whole)
    assert "Nothing that counts differs" in words(bridge_text(*bridged([], None)).whole)


# solve


def solved(outcome: str, value: float, *, exact: bool = True) -> xr.Dataset:
    suffix = "_numerical_error" if exact else "_standard_error"
    tried = [375.0, 750.0, 1_295.24, 1_500.0]
    numbers = estimates(
        {
            "solved_value": ((), value, 3.0),
            "solved_probability": ((), 0.8, 0.002),
            "most_probability": ((), 0.87, 0.002),
            "curve_probability": ("tried", [0.15, 0.45, 0.80, 0.87], 0.002),
        },
        suffix,
    )
    numbers |= estimates(
        {
            "solved_interval": ("bound", [value - 6, value + 6], None),
            "most_value": ((), 1_500.0, None),
        }
    )
    coords = {"tried": tried, "bound": ["low", "high"]}
    about = {"path": ACTIVITY, "attain": 0.8, "outcome": outcome, "goal": "P(attain)"}
    return of(numbers, coords, "exact" if exact else "simulated", **about)


def test_the_answer_is_a_sentence() -> None:
    text = solve_text(PLAN, Goal(), solved("found", 1_295.24)).whole
    assert "With 1,296 activities a quarter, quota is made in 8 of 10 quarters." in words(text)
    assert "interval" not in text
    rows = [line.split() for line in text.splitlines()]
    assert ["750", "45.00", "the", "plan"] in rows
    assert ["1,295", "80.00", "needed"] in rows
    noisy = words(solve_text(PLAN, Goal(), solved("found", 1_295.24, exact=False)).whole)
    assert "8 of 10 quarters. 95 % interval: 1,289 to 1,301." in noisy
    assert "80.00±0.20 needed" in noisy


def test_out_of_reach_says_what_is_the_best() -> None:
    text = words(solve_text(PLAN, Goal(), solved("out of reach", math.nan)).whole)
    assert "Out of reach: no activities a quarter makes it so that quota is made in 8 of 10" in text
    assert "At best, quota is made with a probability of 87.00 %, at 1,500." in text
    assert "the best" in text


def test_what_is_reached_anyway_or_moves_nothing_is_said() -> None:
    anyway = words(solve_text(PLAN, Goal(), solved("reached anyway", 375.0)).whole)
    assert "Reached anyway: even at 375, quota is made with a probability of 80.00 %" in anyway
    nothing = words(solve_text(PLAN, Goal(), solved("no effect", math.nan)).whole)
    assert "no effect; quota is made with a probability of 87.00 % wherever it is" in nothing


def test_a_number_is_never_less_sure_than_its_error() -> None:
    assert Number(0.5, math.nan).percent == "50 ± ? %"


def test_what_is_reached_beyond_the_goal_is_at_least() -> None:
    found = solved("found", 1_295.24)
    found["solved_probability"] = found.solved_probability + 0.01
    assert "made in at least 8 of 10 quarters" in words(solve_text(PLAN, Goal(), found).whole)


def test_what_never_happened_is_not_called_no_effect() -> None:
    found = solved("no effect", math.nan, exact=False)
    found["curve_probability"] = 0 * found.curve_probability
    text = words(solve_text(PLAN, Goal(), found).whole)
    assert "no simulated quarter reached the goal at any value looked at" in text
    assert "no effect" not in text


def test_a_quota_says_at_least_and_one_rep_is_as_many_only_without_skill() -> None:
    fixed = PLAN.replace({"deal_size.law": "fixed"})
    said = "is made by at least 6 of 10 reps, or by one of them in at least 6 of 10 quarters."
    assert said in words(quota_text(fixed, fs.quota_for(fixed, share=0.6)).whole)
    skilled = PLAN.replace({"activity.rep_cv": 0.3})
    text = words(quota_text(skilled, fs.quota_for(skilled, share=0.6)).whole)
    assert "is made by 6 of 10 reps." in text


def test_bites_of_an_amount_say_what_paper_works_back() -> None:
    told = Told(fs.bites(PLAN, certainty=[0.8], amount=400_000))
    lines = bites_lines(PLAN, Goal(amount=400_000), told)
    text = " ".join(line for line in lines if isinstance(line, str))
    assert "the plan's own quota is worked back, not the amount" in " ".join(text.split())


# steps


def test_a_team_and_a_mix_in_steps_say_how_far_they_go() -> None:
    """Equal deals: 168 000 is made more often than asked; no small step of sizes does anything."""
    equal = PLAN.replace({"deal_size.law": "fixed"})
    team = fs.quota_for(equal, share=0.6, reps=5, certainty=0.8)
    text = words(quota_text(equal, team).whole)
    assert "made by at least 3 of 5 reps in at least 8 of 10 quarters" in text
    assert f"3 of 5 {100 * team.quota_certainty.item():.2f}" in text
    costs = {ACTIVITY: 1.0, "deal_size.mean": 0.004}
    mixed = fs.cheapest_mix(equal, costs, attain=0.8)
    text = words(mix_text(equal, Goal(), mixed).whole)
    assert "No mix is cheaper by more than 0.0001 of its cost" in text
    assert "Left out: gain per cost. Why: of a small step there is none to tell along" in text


def test_the_horizon_that_is_solved_for_is_the_one_of_the_goal() -> None:
    short = PLAN.replace({"calendar.quarters": 1})
    goal = Goal(at_least=3)
    found = fs.solve(short, "calendar.quarters", attain=0.8, at_least=3)
    text = words(solve_text(short, goal, found).whole)
    many = f"{found.solved_value.item():.0f}"
    assert f"With {many} quarters, quota is made in at least 3 of {many} quarters" in text
