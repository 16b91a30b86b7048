"""The screen about luck: true sentences for every plan, within the width, each number its error."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim.registry import LUCK
from funnelsim.report.luck import luck_text
from funnelsim.report.numbers import points, tight
from funnelsim.report.told import WIDTH, Told, filled
from luck_answers import answer
from scenarios import names

WINDFALL = {"per_quarter": 0.05, "law": "lognormal", "mean": 250_000, "cv": 1.0}


@pytest.fixture(scope="module")
def plan() -> fs.Scenario:
    whales: fs.Scenario = fs.preset("sales_math").variant("whales")
    return whales.replace({"windfall": WINDFALL})


@pytest.fixture(scope="module")
def told(plan: fs.Scenario) -> xr.Dataset:
    return answer(plan)


def changed(plan: fs.Scenario, **fields: Any) -> fs.Scenario:
    return fs.Scenario(**{**plan.model_dump(exclude_unset=True), "variants": {}, **fields})


def screen(plan: fs.Scenario, **changes: Any) -> str:
    """The screen about a plan whose answer is made by hand, on one line where words matter."""
    text = luck_text(plan, answer(plan, **changes)).whole
    assert_fits(text)
    return text


def said(plan: fs.Scenario, **changes: Any) -> str:
    return " ".join(screen(plan, **changes).split())


def assert_fits(text: str, lines: int = 52) -> None:
    assert all(len(line) <= WIDTH for line in text.splitlines()), text
    assert len(text.splitlines()) <= lines, text


# Numbers


@given(value=st.floats(-99, 99), error=st.floats(1e-9, 50))
def test_narrow_numbers_are_narrow_and_never_certain(value: float, error: float) -> None:
    shown = tight(value, error)
    assert len(shown) <= 11
    read, read_error = (float(part) for part in shown.split("±"))
    assert read_error > 0
    assert abs(read_error - error) <= max(0.051 * error, 0.0101)
    assert abs(read - value) <= max(0.51 * read_error, 0.00501)


def test_a_difference_has_its_sign() -> None:
    assert points(0.0213, 0.0012).startswith("+2.13")
    assert points(-0.0213, 0.0012).startswith("-2.13")
    assert points(0.0, 0.0012).startswith("0.00")
    assert points(-0.00001, 0.12) == "0 ± 12 points"
    assert points(math.nan, math.nan) == "-"


def test_no_number_is_broken() -> None:
    for width in range(1, 60):
        lines = filled(f"{'x' * width} {'y' * 15} 12.34 ± 0.56 % and +7.89 ± 0.12 points")
        assert any("12.34 ± 0.56 %" in line for line in lines)
        assert any("+7.89 ± 0.12 points" in line for line in lines)


# Every plan


def test_it_is_one_screen_in_the_order_of_the_questions(plan: fs.Scenario) -> None:
    text = screen(plan)
    heads = re.findall(r"^(\d)\. ", text, re.MULTILINE)
    assert heads == ["1", "2", "3", "4", "5"]
    for shown in ("p 49.90 ± 0.10 %", "p_R 43.20 ± 0.10 %", "D 13.40 ± 0.10 %",
                  "D1 59.30 ± 0.10 %", "20.40 ± 0.10 %", "observed, no floor",
                  "if imposed: floor 50, adherence 1"):  # fmt: skip
        assert shown in text


def test_every_number_of_a_table_has_its_error(plan: fs.Scenario) -> None:
    cells = 0
    for line in screen(plan).splitlines():
        if re.match(r"\d\. |   |Sales|50 activities|\* |quarter 1|of 100|%|quota made ", line):
            continue  # sentences and heads
        bare = re.sub(r"\$?[-+\d,.]+ ?± ?[\d,.]+( %)?", "", line)
        assert not re.search(r"\d[.,]?\d", bare), line
        cells += line.count("±")
    assert cells > 60


def test_natural_frequencies_add_up(plan: fs.Scenario) -> None:
    for made, repeatable in ((0.499, 0.432), (0.4951, 0.4449), (0.0104, 0.003), (0.9995, 0.9)):
        text = said(plan, attainment_probability=made, repeatable_attainment_probability=repeatable)
        found = re.search(
            r"Of ([\d,]+) quarters ([\d,]+) make .*?: ([\d,]+) by .*?, ([\d,]+) only", text
        )
        assert found
        of, *counts = (int(each.replace(",", "")) for each in found.groups())
        assert counts[0] == counts[1] + counts[2]
        assert counts[0] == round(of * made)
        assert 1 < counts[0] < of


def test_nothing_is_said_that_the_model_contradicts(plan: fs.Scenario) -> None:
    for each in (plan, changed(plan, kpis=()), changed(plan, windfall=None)):
        text = said(each).lower()
        for never in ("cause", "because of the kpi", "rarer", "tamer", "leads to", "guarantee"):
            assert never not in text
        for sentence in text.split(". "):
            if "hit the kpi" in sentence:
                assert "(observed" in sentence


@pytest.mark.parametrize("effect", [-0.02, -0.0001, 0.0, 0.0001, 0.02])
def test_evenness_may_help_or_hurt(plan: fs.Scenario, effect: float) -> None:
    text = screen(plan, effect_on_attainment_probability={("evenness",): effect})
    (line,) = (line for line in text.splitlines() if line.startswith("+ evenness"))
    shown = float(line.removeprefix("+ evenness").split("±")[0])
    assert shown == pytest.approx(100 * effect, abs=0.0051)
    assert ("helps" in text or "hurts" in text) is False


def test_a_gap_has_its_direction(plan: fs.Scenario) -> None:
    assert "made quota 14.10 ± 0.10 points more often (observed;" in said(plan)
    lower = said(plan, kpi_gap=-0.05)
    assert "made quota 5.00 ± 0.10 points less often (observed;" in lower
    none = said(plan, kpi_gap=0.0029)
    assert "told nothing measurable about quota: +0.29 ± 0.10 points (observed;" in none


def test_without_luck_there_is_no_dependence_on_it(plan: fs.Scenario) -> None:
    bare = fs.preset("sales_math")
    text = said(bare, windfall_dependence=0.0, repeatable_attainment_probability=0.499)
    assert "no windfalls and no whales (D = 0)" in text
    assert "p_R" not in text
    assert "only by a" not in text
    assert "7 only by a whale" in said(fs.preset("sales_math").variant("whales"))
    assert "7 only by a windfall." in said(fs.preset("sales_math").variant("windfalls"))


def test_where_quota_is_never_made(plan: fs.Scenario) -> None:
    text = said(
        plan,
        attainment_probability=0.0,
        repeatable_attainment_probability=0.0,
        without_largest_attainment_probability=0.0,
        windfall_dependence=math.nan,
        largest_deal_dependence=math.nan,
    )
    assert "Of 100 quarters 0 make the quota of $250,000." in text


def test_without_a_kpi_there_is_no_two_by_two(plan: fs.Scenario) -> None:
    tables = tuple(v.name for v in LUCK if "kpi_outcome" in v.dims or v.name.startswith("kpi_gap"))
    text = said(changed(plan, kpis=()), without=tables)
    assert "The plan has no KPI to hold against the quota" in text
    assert "observed" not in text
    assert "Imposing the floor: +1.60 ± 0.10 points" in text


def test_without_a_policy_nothing_is_imposed(plan: fs.Scenario) -> None:
    imposed = {
        v.name: "nothing to impose" for v in LUCK if {"effect", "policy"} & set(v.dims)
        and "kpi_outcome" not in v.dims and v.name != "kpi_gap"
    }  # fmt: skip
    text = said(plan, refused=imposed)
    assert "observed, no floor" in text
    assert "if imposed" not in text
    assert "Imposing" not in text
    assert "Why: nothing to impose." in text


@pytest.mark.parametrize(("hit", "missed", "words"), [
    (0.5, math.nan, "All quarters hit the KPI: there is no gap"),
    (math.nan, 0.5, "No quarter hits the KPI: there is no gap"),
])  # fmt: skip
def test_a_kpi_that_is_always_hit_or_never(
    plan: fs.Scenario, hit: float, missed: float, words: str
) -> None:
    given_kpi = {("hit",): hit, ("missed",): missed}
    text = said(plan, attainment_given_kpi=given_kpi, kpi_gap=math.nan)
    assert words in text


def test_all_kpis_are_called_all(plan: fs.Scenario) -> None:
    more = {"name": "demos", "metric": "demo", "target": 9, "per": "quarter"}
    several = changed(plan, kpis=[*plan.model_dump(exclude_unset=True)["kpis"], more])
    assert "Quarters that hit all KPIs" in said(several)


def test_a_long_policy_still_says_if_imposed(plan: fs.Scenario) -> None:
    for floor, adherence in ((50, 1.0), (1_250, 0.95), (99_999, 0.123456), (58, 0.9)):
        told = answer(plan).assign_attrs(policy_floor_per_week=floor, policy_adherence=adherence)
        text = luck_text(plan, told).whole
        assert_fits(text)
        assert f"if imposed: floor {floor}" in text


def test_a_lag_is_named(plan: fs.Scenario) -> None:
    told = answer(plan)
    assert "after the KPI" not in luck_text(plan, told).whole
    assert "quota 1 quarter after the KPI" in luck_text(plan, told, lag=1).whole
    assert "quota 3 quarters after the KPI" in luck_text(plan, told, lag=3).whole


# Sources


def test_sources_that_decide_nothing_are_not_listed(plan: fs.Scenario) -> None:
    told = answer(plan)
    for name in ("bookings_variance_share", "attainment_variance_share"):
        for each in (name, f"{name}_standard_error"):
            told[each].loc[{"source": ["skill", "market", "delay"]}] = 0.0
    text = luck_text(plan, told).whole
    assert not re.search(r"\b(skill|market|delay) +-?\d", text)
    said = "led by whales 56.00 ± 0.10 %; activity 0.10 ± 0.10 % (on 28,672 draws)."
    assert f"Variance of bookings is {said}" in " ".join(text.split())


def test_without_a_variance_attainment_still_has_its_sources(plan: fs.Scenario) -> None:
    reason = "a Pareto law of shape 2 or less has no variance"
    gone = {v.name: reason for v in LUCK if v.name.startswith(("bookings_", "windfall_share"))}
    told = answer(plan)
    for name in gone:
        for each in (name, f"{name}_standard_error"):
            told[each][:] = math.nan
    told = told.assign_attrs(refused=json.dumps(gone))
    text = " ".join(luck_text(plan, told).whole.split())
    assert "Variance of quota made or missed is led by won 50.00 ± 0.10 %" in text
    assert text.count(reason) == 1
    assert "bookings variance share" in text


def test_a_tie_is_called_no_lead(plan: fs.Scenario) -> None:
    shares = {("whale",): 0.4001, ("outcome.won",): 0.4}
    text = said(plan, bookings_variance_share=shares)
    assert "Variance of bookings is led by whales 40.01 ± 0.10 %, won 40.00" in text


# Repeatability


@pytest.mark.parametrize(("made", "missed", "words"), [
    (0.500, 0.499, "tells nothing measurable"),
    (0.60, 0.40, "made more often after a quarter that made it (observed)"),
    (0.40, 0.60, "made less often after a quarter that made it (observed)"),
])  # fmt: skip
def test_what_a_quarter_tells_about_the_next(
    plan: fs.Scenario, made: float, missed: float, words: str
) -> None:
    after = {("attained",): made, ("missed",): missed}
    assert words in said(plan, next_attainment_probability=after)
    assert words.startswith("tells") or "tells nothing" not in said(
        plan, next_attainment_probability=after
    )


def test_an_assumed_skill_is_called_assumed(plan: fs.Scenario) -> None:
    assert "* assumed activity.rep_cv 0.35" in screen(plan)
    stated = answer(plan).assign_attrs(skill_from="stated", plan_reps="different")
    assert "assumed" not in luck_text(plan, stated).whole


# Equal mean


def test_the_gambler_wins_where_he_does(plan: fs.Scenario) -> None:
    advantage = {("whales", ratio): 0.01 * k for k, ratio in enumerate((1.4, 1.5, 1.6), 1)}
    text = said(
        plan, way_advantage={**advantage, ("windfalls", 0.5): 0.005, ("windfalls", 1.3): 0.005}
    )
    assert (
        "some gambler is likelier to make a quota of 1.3 to 1.6 times that than repetition" in text
    )
    assert "(whales: +3.00 ± 0.10 points at 1.6)" in text


@pytest.mark.parametrize("advantage", [-0.2, 0.0, 0.0029])
def test_the_gambler_does_not_win_by_chance(plan: fs.Scenario, advantage: float) -> None:
    text = said(plan, way_advantage=advantage)
    assert "no gamble measurably beats repetition, at quotas from half to twice that" in text
    assert "gambler" not in text


@pytest.mark.parametrize(("known", "words"), [
    (["repetition"], "repetition is the only way"),
    (["windfalls", "whales"], "there is no way by repetition alone"),
])  # fmt: skip
def test_ways_that_do_not_exist_are_not_compared(
    plan: fs.Scenario, told: xr.Dataset, known: list[str], words: str
) -> None:
    exists = told["way"].isin(known)
    some = told.map(lambda each: each.where(exists) if "way" in each.dims else each)
    text = " ".join(luck_text(plan, some.assign_attrs(told.attrs)).whole.split())
    assert f"At equal mean bookings of $332,540 ± 330, {words}." in text
    assert "gambler" not in text


def test_ways_that_are_refused_are_left_out(plan: fs.Scenario) -> None:
    gone = {v.name: "mean bookings are not known" for v in LUCK if "way" in v.dims}
    told = answer(plan, refused=gone)
    text = luck_text(plan, told).whole
    assert "5. " not in text
    assert "Why: mean bookings are not known." in text


# Whatever a plan is called and however large it is


@given(name=names | st.text("W", min_size=80, max_size=80))
def test_any_name_keeps_within_the_width(name: str, plan: fs.Scenario, told: xr.Dataset) -> None:
    stages = plan.model_dump(exclude_unset=True)["stages"]
    odd = changed(plan, name=name, stages=[*stages[:-1], {**stages[-1], "name": name}], kpis=())
    sources = [str(each).replace("won", name) for each in told["source"].values]
    assert_fits(luck_text(odd, told.assign_coords(source=sources)).whole)


@pytest.mark.parametrize("quota", [1e-2, 1e6, 1e9, 1e12])
def test_amounts_of_any_size_keep_within_the_width(plan: fs.Scenario, quota: float) -> None:
    large = changed(plan, quota={"per_quarter": quota}, currency="JPYJPYJP")
    told = answer(large, bookings_mean=quota, without_largest_mean=quota / 2,
                  way_activities_mean=123_456.7)  # fmt: skip
    assert_fits(luck_text(large, told).whole)


def test_quarters_that_differ_are_both_shown(plan: fs.Scenario) -> None:
    empty = plan.replace({"calendar.start": "empty"})
    text = luck_text(empty, answer(empty)).whole
    assert_fits(text, lines=60)
    assert re.findall(r"^quarter (\d) ", text, re.MULTILINE) == ["1", "4"]


# What is asked for


def test_what_is_not_there_is_unknown_and_noted_once() -> None:
    told = Told(
        xr.Dataset(
            {"a": ("segment", [math.nan]), "a_standard_error": ("segment", [math.nan])},
            {"segment": ["rep"]},
            {"refused": '{"a": "no a", "b": "no b", "c": "no a", "d_standard_error": "no d"}'},
        )
    )
    for name in ("a", "b", "c", "a", "z"):
        assert not told.get(name).known
    assert list(told.left_out()) == ["Left out: a, c. Why: no a.", "Left out: b. Why: no b."]
