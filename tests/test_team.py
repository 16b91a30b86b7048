"""What a team books: closed forms, convolutions of exact laws, samples counted by hand."""

from __future__ import annotations

import csv
import json
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import binom

import funnelsim as fs
from funnelsim.errors import ArgumentError
from funnelsim.registry import BY_NAME, COMPANY, TEAM
from funnelsim.results.export import as_json
from team_plans import EVERYTHING, everything, sales_math

MADE = 1 - 1e-9
FIVE = 5  # standard errors


def value_of(told, name, **labels):
    """A number and its standard error."""
    return (float(told[each].sel(labels)) for each in (name, f"{name}_standard_error"))


def assert_is(told, name, truth, **labels):
    value, error = value_of(told, name, **labels)
    assert abs(value - truth) < FIVE * error, (name, labels, value, truth, error)


# --- laws that are known -------------------------------------------------------------------------

WON = "stages.won.conversion"
# docs/background/model.md, "Ways in": P(sum of bookings >= .8 of the sum of quotas), marked =
UNCERTAINTY = {
    (40, "neither"): 0.981914,
    (40, "per rep"): 0.977321,
    (40, "per draw"): 0.817720,
    (10, "neither"): 0.844559,
    (10, "per rep"): 0.832464,
    (10, "per draw"): 0.754526,
}


def uncertain(reps: int, kind: str) -> fs.Scenario:
    plan = sales_math(headcount=reps, plan={"over_assignment": 1.25})
    if kind == "per rep":
        return plan.replace({"stages.won.rep_cv": 0.2})
    if kind == "per draw":
        return plan.replace({"uncertainty": {WON: {"cv": 0.2}}})
    return plan


@pytest.mark.parametrize(("reps", "kind"), UNCERTAINTY)
def test_shared_ignorance_does_not_average_out(reps, kind):
    told = fs.team(uncertain(reps, kind), draws=20_000, seed=3)
    assert_is(told, "plan_probability", UNCERTAINTY[reps, kind], quarter=1)
    assert_is(told, "company_bookings_mean", reps * 252_000, quarter=1)
    if kind == "per draw":
        own = UNCERTAINTY[reps, kind] - UNCERTAINTY[reps, "neither"]
        assert_is(told, "effect_on_plan_probability", own, cause="uncertainty", quarter=1)
        assert_is(told, "effect_on_company_bookings_mean", 0, cause="uncertainty", quarter=1)


def test_spread_of_the_sum_with_and_without_a_market():
    """Var = n l E[X^2] + (n l E[X])^2 cv^2: counts are Poisson given the market, l = 3 each."""
    reps, cv = 30, 0.25
    for spread in (0.0, cv):
        told = fs.team(
            sales_math(headcount=reps, market={"cv": spread}, plan={"over_assignment": 1.1}),
            draws=20_000,
            seed=5,
        )
        alone = reps * 3 * 84_000**2 * 1.25
        sd = np.sqrt(alone + (reps * 252_000 * spread) ** 2)
        assert_is(told, "company_bookings_sd", sd, quarter=1)
        assert_is(told, "company_bookings_mean", reps * 252_000, quarter=1)


REPS, DEAL = 12, 100_000


@pytest.fixture(scope="module")
def lattice():
    """A team whose deals are all of one size, told, and the law of one rep's deals."""
    plan = sales_math(
        quota={"per_quarter": 3 * DEAL},
        deal_size={"law": "fixed", "mean": DEAL},
        activity={"per_quarter": 750, "week_cv": 0.4, "rep_cv": 0.3},
    )
    most = 40
    reached = [
        fs.exact(plan.replace({"quota.per_quarter": k * DEAL}), only=["attainment_probability"])
        for k in range(1, most)
    ]
    tail = np.array([1.0, *(float(each.attainment_probability[0, 0]) for each in reached), 0.0])
    team = plan.replace({"headcount": REPS, "plan.over_assignment": 1.25})
    return fs.team(team, draws=40_000, seed=2), -np.diff(tail)


def summed(law, reps):
    """The law of the sum of independent reps, by FFT."""
    return np.maximum(np.fft.irfft(np.fft.rfft(law, reps * law.size) ** reps, reps * law.size), 0)


def test_independent_reps_are_a_convolution_of_one(lattice):
    told, law = lattice
    total = summed(law, REPS)
    deals = np.arange(total.size)
    goal = -(-REPS * 3 * 100 // 125)  # deals of the target: quotas over 1.25
    made = total[goal:].sum()
    assert_is(told, "plan_probability", made, quarter=1)
    assert_is(told, "team_attainment_probability", total[3 * REPS :].sum(),
              segment="company", quarter=1)  # fmt: skip
    mean = total @ deals
    assert_is(told, "company_bookings_mean", mean * DEAL, quarter=1)
    sd = np.sqrt(total @ (deals - mean) ** 2)
    assert_is(told, "company_bookings_sd", sd * DEAL, quarter=1)
    target = REPS * 3 / 1.25 * DEAL
    short = total[:goal] @ (target - deals[:goal] * DEAL) / total[:goal].sum()
    assert_is(told, "plan_shortfall_given_miss_mean", short, quarter=1)
    for probability in told.probability.values:
        found, error = value_of(
            told, "company_bookings_quantile", quarter=1, probability=probability
        )
        truth = np.searchsorted(np.cumsum(total), probability) * DEAL
        assert abs(found - truth) <= max(FIVE * error, DEAL)


def test_how_many_of_independent_reps_attain_is_binomial(lattice):
    told, law = lattice
    p = law[3:].sum()
    for segment in ("rep", "company"):
        at = {"segment": segment, "quarter": 1}
        assert_is(told, "attainment_probability", p, **at)
        for share in told.share.values:
            truth = binom.sf(np.ceil(REPS * share - 1e-9) - 1, REPS, p)
            assert_is(told, "attaining_share_probability", truth, share=share, **at)
        quantile = told.attaining_share_quantile.sel(at)
        np.testing.assert_allclose(
            REPS * quantile.sel(probability=0.5), binom.ppf(0.5, REPS, p), atol=1e-9
        )
        # of 3 deals, 1 is below half, 2 lie from 50 to 80 %, 3 make it, 4 are more than 120 %
        bands = [law[:2].sum(), law[2], 0.0, law[3], law[4:].sum()]
        for band, truth in zip(told.band.values, bands, strict=True):
            assert_is(told, "band_share", truth, band=band, **at)


def test_how_often_one_deal_or_one_rep_makes_the_plan(lattice):
    """P(sum less the largest of n >= t) by laws of reps none of whom exceeds m deals."""
    told, law = lattice
    total = summed(law, REPS)
    goal = -(-REPS * 3 * 100 // 125)
    made = total[goal:].sum()
    assert_is(told, "plan_needs_largest_deal_probability", total[goal] / made, quarter=1)
    below, still = np.zeros_like(total), 0.0
    for most in range(law.size):
        cut = np.where(np.arange(law.size) <= most, law, 0.0)
        within = summed(cut, REPS)
        still += (within - below)[goal + most :].sum()
        below = within
    assert_is(told, "plan_needs_best_rep_probability", 1 - still / made, quarter=1)


def test_productive_shares_are_those_of_the_recursion():
    """Weeks filled and productive by the age of who sits there; model.md gives four values."""
    leave, fill, ramp, quarters = 1 - 0.7 ** (1 / 52), 9, 20, 6
    stated = [0.960179, 0.896131, 0.880299, 0.880288]
    weeks = 13 * quarters
    begun = np.zeros(weeks + 1)  # probability that a successor begins in a week
    veteran = (1 - leave) ** np.arange(weeks)  # who sat there on day 0 still does
    filled, productive = veteran.copy(), veteran.copy()
    for week in range(weeks):
        left = veteran[week] * leave + sum(
            begun[b] * (1 - leave) ** (week - b) * leave for b in range(week + 1)
        )
        if week + 1 + fill <= weeks:
            begun[week + 1 + fill] += left
        for b in range(week + 1):
            there = begun[b] * (1 - leave) ** (week - b)
            filled[week] += there
            productive[week] += there * min(1, (week - b + 0.5) / ramp)
    means = [each.reshape(quarters, 13).mean(axis=1) for each in (filled, productive)]
    np.testing.assert_allclose(means[1][:4], stated, atol=1e-6)
    plan = sales_math(
        headcount=20,
        calendar={"quarters": quarters},
        ramp={"weeks": ramp},
        attrition={"per_year": 0.3, "fill_weeks": fill},
    )
    told = fs.team(plan, draws=4_000, seed=1)
    for name, truth in zip(("filled_mean", "productive_mean"), means, strict=True):
        for quarter in told.quarter.values:
            assert_is(told, name, truth[quarter - 1], segment="company", quarter=quarter)


def test_what_a_ramp_and_vacancies_take_from_bookings():
    """Without delays a seat books in proportion to its productivity: 252 000 at 1."""
    shares = [0.960179, 0.896131, 0.880299, 0.880288]
    plan = sales_math(
        headcount=5,
        calendar={"quarters": 4},
        ramp={"weeks": 20},
        attrition={"per_year": 0.3, "fill_weeks": 9},
        plan={"over_assignment": 1.2},
    )
    told = fs.team(plan, draws=20_000, seed=1)
    for quarter, share in enumerate(shares, start=1):
        lost = -5 * 252_000 * (1 - share)
        at = {"cause": "attrition", "quarter": quarter}
        assert_is(told, "effect_on_company_bookings_mean", lost, **at)
        empty = float(told.filled_mean.sel(segment="company", quarter=quarter))
        only_ramp = -5 * 252_000 * (empty - share)
        at = {"cause": "ramp", "quarter": quarter}
        value, error = value_of(told, "effect_on_company_bookings_mean", **at)
        own = 5 * 252_000 * float(
            told.filled_mean_standard_error.sel(segment="company", quarter=quarter)
        )  # fmt: skip
        assert abs(value - only_ramp) < FIVE * np.hypot(error, own)


def test_the_exact_twin_says_the_same():
    plan = sales_math(
        headcount=4,
        plan={"over_assignment": 1.2},
        market={"cv": 0.2},
        uncertainty={WON: {"cv": 0.2}},
        windfall={"per_quarter": 0.1, "law": "fixed", "mean": 200_000},
    )
    exact, told = fs.exact(plan), fs.team(plan, draws=40_000, seed=6)
    names = ["plan_probability", "company_bookings_mean", "company_bookings_sd",
             "plan_shortfall_given_miss_mean"]  # fmt: skip
    for name in names:
        assert_is(told, name, float(exact[name][0]), quarter=1)
    for name in ("team_attainment_probability", "attainment_probability"):
        assert_is(told, name, float(exact[name][0, 0]), segment="rep", quarter=1)


# --- the same numbers from samples, by hand ------------------------------------------------------


@pytest.fixture(scope="module")
def team():
    return everything()


@pytest.fixture(scope="module")
def told(team):
    return fs.team(team, draws=1_500, seed=9)


@pytest.fixture(scope="module")
def samples(team):
    return fs.simulate(team, draws=1_500, seed=9)


def seats_of(samples, team, segment):
    names = [s for s in team.team if s != "SDR"] if segment == "company" else [segment]
    return np.isin(samples.segment.values, names)


def in_quarter(team, seats):
    """Which seats count in which quarter: from that on in which their first week lies."""
    weeks = np.array([week or 0 for week in team.hire_weeks])[seats]
    return weeks[:, None] < 13 * np.arange(1, 6)


def quotas_of(samples, team):
    """(draw, seat, quarter); those of "old" grow with the ramp, of weeks that are filled."""
    stated = np.broadcast_to(samples.quota.values, samples.bookings.shape).copy()
    ramped = samples.segment.values == "old"
    share = samples.productive.values + 1 - samples.filled.values
    stated[:, ramped] *= share[:, ramped]
    return stated


def years(values):
    """The first four quarters together, along the last axis."""
    return values[..., :4].sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("by", ["quarter", "year"])
@pytest.mark.parametrize("segment", ["old", "new", "SDR", "company"])
def test_numbers_of_a_segment_are_those_of_its_samples(team, samples, told, segment, by):
    told = told if by == "quarter" else fs.team(team, draws=1_500, seed=9, by="year")
    told = told.sel(segment=segment)
    over = (lambda values: values) if by == "quarter" else years
    seats = seats_of(samples, team, segment)
    counts = in_quarter(team, seats)
    here = over(counts.astype(int)) > 0
    bookings = over(samples.bookings.values[:, seats])
    quotas = over(quotas_of(samples, team)[:, seats] * counts)
    number = here.sum(axis=0)
    np.testing.assert_array_equal(told.seats, number)
    attained = ((bookings >= quotas * MADE) & here).sum(axis=1)
    total, asked = bookings.sum(axis=1), quotas.sum(axis=1)
    expected = {
        "team_attainment_probability": (total >= asked * MADE).mean(axis=0),
        "team_bookings_mean": total.mean(axis=0),
        "team_bookings_sd": total.std(axis=0, ddof=1),
        "attainment_probability": (attained / number).mean(axis=0),
        "team_bookings_quantile": np.quantile(
            total, [0.1, 0.25, 0.5, 0.75, 0.9], axis=0, method="inverted_cdf"
        ).T,
        "attaining_share_quantile": np.quantile(
            attained / number, [0.1, 0.25, 0.5, 0.75, 0.9], axis=0, method="inverted_cdf"
        ).T,
        "attaining_share_probability": np.stack(
            [(10 * attained >= k * number - 1e-6).mean(axis=0) for k in range(1, 11)], axis=-1
        ),
    }
    steps = [0.0, 0.5, 0.8, 1.0, 1.2, np.inf]
    inside = [
        (bookings >= low * quotas * MADE)
        & ~(bookings >= high * np.maximum(quotas, 1) * MADE)
        & here
        for low, high in pairwise(steps)
    ]
    expected["band_share"] = np.stack(
        [(each.sum(axis=1) / number).mean(axis=0) for each in inside], axis=-1
    )
    for name in ("filled", "productive"):
        weeks = over(samples[name].values[:, seats] * counts).sum(axis=1)
        expected[f"{name}_mean"] = (weeks / over(counts.astype(int)).sum(axis=0)).mean(axis=0)
    for name, truth in expected.items():
        np.testing.assert_allclose(told[name], truth, rtol=1e-9, atol=1e-12, err_msg=name)
    by_source = over(np.moveaxis(samples.source_bookings.values[:, seats], 2, -1)).sum(axis=1)
    own = np.moveaxis(by_source, 1, -1).mean(axis=0)  # (period, source)
    found = told.bookings_by_source_mean.sel(source=samples.source.values)
    np.testing.assert_allclose(found, own, rtol=1e-9)


def test_numbers_of_the_plan_are_those_of_the_samples(team, samples, told):
    seats = seats_of(samples, team, "company")
    bookings = samples.bookings.values[:, seats]
    total = bookings.sum(axis=1)
    target = np.array(team.targets)
    made = total >= target * MADE
    least = samples.largest_deal.values[:, seats].max(axis=1), bookings.max(axis=1)
    expected = {
        "plan_probability": made.mean(axis=0),
        "plan_shortfall_given_miss_mean": (
            np.where(made, 0, target - total).sum(axis=0) / (~made).sum(axis=0)
        ),
        "plan_needs_largest_deal_probability": (
            (made & (total - least[0] < target * MADE)).sum(axis=0) / made.sum(axis=0)
        ),
        "plan_needs_best_rep_probability": (
            (made & (total - least[1] < target * MADE)).sum(axis=0) / made.sum(axis=0)
        ),
        "company_bookings_mean": total.mean(axis=0),
    }
    for name, truth in expected.items():
        np.testing.assert_allclose(told[name], truth, rtol=1e-9, err_msg=name)


WITHOUT = {
    "attrition": {f"segments.{name}.attrition.per_year": 0 for name in ("old", "new")},
    "vacancies": {f"segments.{name}.attrition.fill_weeks": 0 for name in ("old", "new")},
    "ramp": {f"segments.{name}.ramp.from": 1 for name in ("old", "new")},
    "market": {"market.cv": 0},
    "late hires": {
        "segments.old.hiring": [{"week": 0, "reps": 2}],
        "segments.new.hiring": [{"week": -6, "reps": 1}, {"week": 0, "reps": 1}],
    },
}


def test_a_cause_is_the_plan_less_the_same_worlds_without_it(team, told):
    known = team.replace({"uncertainty": {}})
    own = fs.team(known, draws=1_500, seed=9)
    for name, of in (("plan_probability",) * 2, ("company_bookings_mean",) * 2):
        effect = told[f"effect_on_{name}"].sel(cause="uncertainty")
        np.testing.assert_allclose(told[of] - effect, own[of], rtol=1e-9)
    assert own.cause.values.tolist() == list(WITHOUT)
    for cause, changes in WITHOUT.items():
        other = fs.team(known.replace(changes), draws=1_500, seed=9)
        for name in ("plan_probability", "company_bookings_mean"):
            effect = own[f"effect_on_{name}"].sel(cause=cause)
            np.testing.assert_allclose(own[name] - effect, other[name], rtol=1e-9, err_msg=cause)


# --- what holds whatever is drawn ----------------------------------------------------------------


def test_money_is_conserved(team, told):
    segments = told.sel(segment=["old", "new"])
    company = told.sel(segment="company")
    for name in ("team_bookings_mean", "bookings_by_source_mean", "seats", "quota"):
        np.testing.assert_allclose(segments[name].sum("segment"), company[name], rtol=1e-12)
    np.testing.assert_allclose(
        told.bookings_by_source_mean.sum("source"), told.team_bookings_mean, rtol=1e-12
    )
    assert told.source.values.tolist() == ["activity", "inbound", "partner", "windfall"]
    np.testing.assert_array_equal(company.team_bookings_mean, told.company_bookings_mean)
    year = fs.team(team, draws=1_500, seed=9, by="year")
    np.testing.assert_allclose(
        year.team_bookings_mean.sel(year=1),
        told.team_bookings_mean.isel(quarter=slice(4)).sum("quarter"),
        rtol=1e-12,
    )
    np.testing.assert_allclose(year.target.sel(year=1), 4 * told.target.sel(quarter=1), rtol=0.2)
    np.testing.assert_allclose(told.band_share.sum("band"), 1, rtol=1e-12)
    assert told.quota_of.values.tolist() == ["bookings", "bookings", "wins", "bookings"]


def test_plan_quotas_and_over_assignment_fit(team, told):
    quotas = np.array([3 * 200_000 + own for own in (50e3, 100e3, 100e3, 150e3, 150e3)])
    np.testing.assert_allclose(told.target, quotas / 0.4)
    np.testing.assert_allclose(told.over_assignment, 0.4)
    stated = fs.loads(EVERYTHING.replace("over_assignment = 0.4", "target = 500_000"))
    told = fs.team(stated, draws=10, seed=1)
    np.testing.assert_allclose(told.over_assignment, quotas / 500_000)
    year = fs.team(stated, draws=10, seed=1, by="year")
    np.testing.assert_allclose(year.over_assignment, quotas[:4].sum() / 2e6)


def test_a_further_segment_changes_no_other_number(told):
    fewer = EVERYTHING[: EVERYTHING.index('[[segments]]\nname = "SDR"')]
    other = fs.team(fs.loads(fewer), draws=1_500, seed=9)
    names = ["old", "new", "company"]
    for variable in (*COMPANY, *TEAM, BY_NAME["attainment_probability"]):
        own, found = told[variable.name], other[variable.name]
        if "segment" in own.dims:
            own = own.sel(segment=names)
        np.testing.assert_allclose(own, found, rtol=1e-12, err_msg=variable.name)


def test_a_further_seat_changes_no_other_seat():
    plan = everything()
    more = plan.replace({"segments.old.headcount": 4})
    one, other = (fs.simulate(each, draws=200, seed=9) for each in (plan, more))
    seats = np.delete(np.arange(11), 3)
    np.testing.assert_array_equal(one.bookings, other.bookings.isel(rep=seats))


def test_threads_change_nothing(team, told):
    assert fs.team(team, draws=1_500, seed=9, threads=1).identical(told)
    assert fs.team(team, draws=1_500, seed=9, threads=3).identical(told)


def test_every_estimate_has_its_error_and_its_meaning(told):
    for name in told.data_vars:
        if name.endswith("_error"):
            continue
        assert told[name].dims == BY_NAME[name].dims
        assert told[name].attrs["long_name"] == BY_NAME[name].meaning
        if name != "over_assignment":
            assert np.isfinite(told[name + "_standard_error"]).all(), name
    assert {variable.name for variable in (*COMPANY, *TEAM)} <= set(told.data_vars)


def test_what_follows_from_the_plan_is_exact_in_every_form(told, tmp_path):
    shown = as_json(told)["team"]["over_assignment"]
    assert shown == {quarter: {"value": 0.4, "numerical_error": 0.0} for quarter in "12345"}
    fs.save(told, tmp_path / "team.csv")
    with (tmp_path / "team.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["variable"] == "over_assignment"]
    assert {(row["method"], row["draws"], float(row["numerical_error"])) for row in rows} == {
        ("exact", "", 0.0)
    }


def test_standard_errors_are_met_by_replication():
    """The spread of 200 runs is the standard error that each reports, within 5 of its own."""
    plan = sales_math(
        headcount=4,
        market={"cv": 0.3},
        plan={"over_assignment": 1.2},
        ramp={"weeks": 20},
        attrition={"per_year": 0.4, "fill_weeks": 9},
    )
    runs = 200
    all_told = [fs.team(plan, draws=300, seed=seed, threads=1) for seed in range(runs)]
    for name in (
        "plan_probability", "company_bookings_mean", "company_bookings_sd", "filled_mean",
        "plan_shortfall_given_miss_mean", "attainment_probability", "band_share",
        "attaining_share_probability", "plan_needs_best_rep_probability",
        "plan_needs_largest_deal_probability", "effect_on_plan_probability",
        "effect_on_company_bookings_mean", "productive_mean", "bookings_by_source_mean",
    ):  # fmt: skip
        values = np.array([each[name].values.ravel() for each in all_told])
        errors = np.array([each[f"{name}_standard_error"].values.ravel() for each in all_told])
        seen = values.std(axis=0, ddof=1) > 0.003 * np.abs(values).mean()  # not all but impossible
        ratio = values.std(axis=0, ddof=1)[seen] / np.sqrt((errors[:, seen] ** 2).mean(axis=0))
        slack = 0.1 if name == "company_bookings_sd" else 0.03
        assert np.all(np.abs(ratio - 1) < 5 / np.sqrt(2 * (runs - 1)) + slack), (name, ratio)


def test_results_survive_a_file(told, tmp_path):
    for name in ("team.nc", "team.csv", "team.json"):
        fs.save(told, tmp_path / name)
    assert fs.open(tmp_path / "team.nc").identical(told)
    table = (tmp_path / "team.csv").read_text(encoding="utf-8")
    assert "effect_on_plan_probability" in table
    found = json.loads((tmp_path / "team.json").read_text(encoding="utf-8"))["team"]
    assert found["quota_of"]["SDR"] == "wins"
    own = found["band_share"]["company"]["2"][">120"]
    assert own["value"] == float(told.band_share.sel(segment="company", quarter=2, band=">120"))


# --- what is not there ---------------------------------------------------------------------------


def refused(told):
    return json.loads(told.attrs["refused"])


def test_without_a_plan_there_is_none_to_make():
    told = fs.team(sales_math(headcount=3), draws=50, seed=1)
    assert "plan_probability" not in told
    assert "target" not in told.coords
    assert "[plan]" in refused(told)["plan_probability"]
    assert "nobody leaves" in refused(told)["effect_on_company_bookings_mean"]
    assert float(told.company_bookings_mean[0]) > 0


def test_a_team_that_only_counts_wins_has_no_company():
    plan = fs.Scenario(
        name="SDRs", headcount=3, quota={"per_quarter": 20, "of": "wins"},
        activity={"per_week": 200}, stages=[{"name": "meeting", "conversion": 0.008}],
        calendar={"quarters": 1},
    )  # fmt: skip
    told = fs.team(plan, draws=4_000, seed=1)
    assert told.segment.values.tolist() == ["rep"]
    assert "no segment" in refused(told)["company_bookings_mean"]
    assert_is(told, "team_bookings_mean", 3 * 13 * 1.6, segment="rep", quarter=1)
    assert told.quota_of.item() == "wins"


def test_before_anybody_is_hired_there_is_nothing_to_say():
    plan = sales_math(
        headcount=0, calendar={"quarters": 2, "start": "empty"}, hiring=[{"week": 13, "reps": 2}]
    )
    told = fs.team(plan, draws=100, seed=1)
    assert np.isnan(told.attainment_probability.sel(quarter=1)).all()
    assert told.seats.sel(segment="company").values.tolist() == [0, 2]
    assert "nobody is hired" in refused(told)["attainment_probability"]


@pytest.mark.parametrize(("shape", "blank"), [(1.5, True), (3.0, False)])
def test_laws_without_moments_are_refused(shape, blank):
    plan = sales_math(headcount=2, deal_size={"law": "pareto", "minimum": 28e3, "shape": shape})
    told = fs.team(plan, draws=50, seed=1)
    assert np.isnan(told.company_bookings_sd).all() == blank
    assert np.isnan(told.company_bookings_sd_standard_error).all()
    assert np.isnan(told.company_bookings_mean_standard_error).all() == blank
    assert np.isnan(told.team_bookings_sd).all() == blank
    key = "company_bookings_sd" + ("" if blank else "_standard_error")
    assert "moment" in refused(told)[key] or "variance" in refused(told)[key]


def test_wrong_questions_are_refused():
    plan = sales_math(headcount=2)
    with pytest.raises(ArgumentError, match="must be 'quarter' or 'year'"):
        fs.team(plan, draws=10, seed=1, by="month")
    with pytest.raises(ArgumentError, match=r"calendar\.quarters"):
        fs.team(plan, draws=10, seed=1, by="year")
    with pytest.raises(ArgumentError, match="at least 2"):
        fs.team(plan, draws=1, seed=1)
    named = fs.loads(EVERYTHING.replace('name = "new"', 'name = "company"'))
    with pytest.raises(ArgumentError, match="stands for all"):
        fs.team(named, draws=10, seed=1)


@pytest.mark.parametrize("ask", [
    lambda plan: fs.summarize(plan, draws=10, seed=1),
    lambda plan: fs.attainment(fs.simulate(plan, draws=10, seed=1)),
    lambda plan: fs.luck(plan, draws=10, seed=1),
    lambda plan: fs.luck_or_skill(plan, reps=6, quarters=1, draws=10, seed=1),
])  # fmt: skip
def test_what_answers_for_one_rep_names_who_answers_for_a_team(ask):
    with pytest.raises(ArgumentError, match=r"a team of 10 seats.*fs\.team"):
        ask(everything())
    with pytest.raises(ArgumentError, match="a team of 2 seats"):
        ask(sales_math(headcount=2))
    ask(sales_math())
    ask(everything().team["new"].replace({"headcount": 1, "hiring": []}))  # as the error says


@pytest.mark.parametrize("by", ["quarter", "year"])
def test_one_rep_with_a_ramped_quota_is_a_team_of_one(by):
    plan = everything().team["old"].replace({"headcount": 1, "hiring": []})
    told = fs.team(plan, draws=1_000, seed=1, by=by).sel(segment="company")
    alone = fs.summarize(plan, draws=1_000, seed=1, by=by).sel(segment="rep")
    np.testing.assert_allclose(told.attainment_probability, alone.attainment_probability)
    above = told.band_share.sel(band=">120")
    np.testing.assert_allclose(above, alone.overachievement_probability, rtol=1e-9)
    kept = fs.attainment(fs.simulate(plan, draws=1_000, seed=1), by=by)
    assert kept.identical(fs.summarize(plan, draws=1_000, seed=1, by=by))
    rigid = fs.summarize(plan.replace({"quota.ramped": False}), draws=1_000, seed=1, by=by)
    assert (rigid.attainment_probability < kept.attainment_probability).any()


def test_one_seat_is_a_team_too():
    plan = sales_math(plan={"over_assignment": 1.0})
    told, alone = fs.team(plan, draws=5_000, seed=1), fs.summarize(plan, draws=5_000, seed=1)
    np.testing.assert_allclose(told.plan_probability, alone.attainment_probability[0], rtol=1e-12)
    np.testing.assert_allclose(told.company_bookings_sd, alone.bookings_sd[0], rtol=1e-9)
