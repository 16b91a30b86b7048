"""The gap between the ends of a sorted team: closed forms, plain NumPy, what must not matter."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import funnelsim as fs
from funnelsim.analysis.gathering import gather
from funnelsim.analysis.luck import ends, gaps, thirds
from funnelsim.analysis.luck.ends import Ends
from funnelsim.analysis.luck.thirds import luck_or_skill, quarters_to_see, quarters_to_tell
from funnelsim.engine.blocks import Run, sample_blocks
from funnelsim.errors import ArgumentError, ResourceError, ResultError
from funnelsim.registry import BY_NAME, STANDARD_ERROR, THIRDS

WORKED = np.array(thirds.QUARTERS_WORKED)


def demos_plan(*, per_quarter=9, regular=True, close=0.33, cv=0.5, **changes):
    """Demos are the activity itself: a Poisson number of them or, with floor = cap, a fixed one."""
    weeks = 3
    return fs.Scenario(
        **{
            "name": "demos",
            "quota": {"per_quarter": 250_000.0},
            "calendar": {"weeks_per_quarter": weeks},
            "activity": {"per_quarter": float(per_quarter)},
            "stages": [
                {"name": "demo", "conversion": 1.0},
                {"name": "won", "conversion": close},
            ],
            "deal_size": {"law": "lognormal", "mean": 84_000.0, "cv": cv}
            if cv
            else {"law": "fixed", "mean": 84_000.0},
            "policy": {
                "floor_per_week": per_quarter // weeks,
                "cap_per_week": per_quarter // weeks,
            }
            if regular
            else {},
        }
        | changes
    )


def assert_near(told, name, expected, at):
    """Within 5 standard errors, wherever the error is known; ``at`` labels what is compared."""
    value, error = (told[each].sel(segment="rep", **at) for each in (name, name + STANDARD_ERROR))
    expected = np.broadcast_to(expected, value.shape)
    assert np.all(np.isfinite(error.values))
    np.testing.assert_array_less(
        np.abs(value.values - expected), 5 * error.values + 1e-12, err_msg=f"{name} {at}"
    )


def shown(teams: Ends, draws: int, seed: int) -> np.ndarray:
    gather(teams.runs, teams, draws=draws, seed=seed, grain=teams.grain)
    return teams.values()


# -- the published table


def numpy_thirds(reps, quarters, regular, cv, teams):
    """Close rate and deal size, (third, measure) mean and error; ties are broken by a coin."""
    rng = np.random.default_rng(42)
    demos = (
        np.full((teams, reps, quarters), 9) if regular else rng.poisson(9, (teams, reps, quarters))
    )
    wins = rng.binomial(demos, 0.33)
    sigma = np.sqrt(np.log1p(cv**2))
    sizes = rng.lognormal(np.log(84_000) - sigma**2 / 2, sigma, (*wins.shape, wins.max()))
    bookings = (sizes * (np.arange(wins.max()) < wins[..., None])).sum(axis=(2, 3))
    order = np.lexsort((rng.random(bookings.shape), np.rint(bookings)), axis=1)
    k, found = reps // 3, []
    for who in (order[:, -k:], order[:, :k]):
        d, w, b = (
            np.take_along_axis(each, who, axis=1).sum(axis=1)
            for each in (demos.sum(axis=2), wins.sum(axis=2), bookings)
        )
        keep = (w > 0) & (d > 0)
        found.append([w[keep] / d[keep], b[keep] / w[keep]])
    means = np.array([[each.mean() for each in row] for row in found])
    errors = np.array([[each.std() / np.sqrt(len(each)) for each in row] for row in found])
    return means, errors


PUBLISHED = {  # cv, quarters: close rate and deal size of top and bottom third, 12 to 30 reps
    (0.5, 1): ((0.47, 94_000), (0.18, 67_000)),
    (1.0, 1): ((0.44, 113_000), (0.20, 47_000)),
    (0.5, 4): ((0.40, 90_000), (0.26, 76_000)),
    (1.0, 4): ((0.38, 102_000), (0.27, 64_000)),
}


def two_measures(told, name, quarters):
    picked = told[name].sel(segment="rep", reps="alike", quarters_worked=quarters)
    picked = picked.sel(statistic=["top", "bottom"], measure=["close_rate", "deal_size"])
    return picked.transpose("statistic", "measure").values


@pytest.mark.parametrize("cv", [0.5, 1.0])
def test_published_gap_of_identical_reps(cv):
    """33 % of 9 demos a quarter: the table says '12 to 30 reps' and two digits.

    Its demos are a fixed number: with a Poisson number its first line would be .44 and .19 (below).
    What it states for both sizes of team is compared with the middle between them, to a point and
    to 1,100 of currency.
    """
    plan = demos_plan(cv=cv)
    told = {
        reps: luck_or_skill(plan, reps=reps, quarters=1, draws=2_000, seed=7) for reps in (12, 30)
    }
    for quarters in (1, 4):
        middle = np.mean([two_measures(each, "third_mean", quarters) for each in told.values()], 0)
        apart = np.abs(middle - PUBLISHED[cv, quarters])
        assert np.all(apart < (0.01, 1_100)), middle
        for reps, each in told.items():
            means, errors = numpy_thirds(reps, quarters, True, cv, teams=2_000)
            own = two_measures(each, "third_mean" + STANDARD_ERROR, quarters)
            difference = np.abs(two_measures(each, "third_mean", quarters) - means)
            np.testing.assert_array_less(difference, 5 * np.hypot(errors, own))


@pytest.mark.parametrize("cv", [0.5, 0.0])
def test_poisson_demos_and_ties_against_numpy(cv):
    """Deals of one size tie all the time: rep numbers must be as fair as the coin of the check."""
    plan = demos_plan(regular=False, cv=cv)
    told = luck_or_skill(plan, reps=12, quarters=1, draws=4_000, seed=8)
    for quarters in (1, 4):
        means, errors = numpy_thirds(12, quarters, False, cv, teams=8_000)
        own = two_measures(told, "third_mean" + STANDARD_ERROR, quarters)
        difference = np.abs(two_measures(told, "third_mean", quarters) - means)
        np.testing.assert_array_less(difference, 5 * np.hypot(errors, own) + 1e-9 * means)


# -- closed forms


def test_three_reps_attain_as_best_and_worst_of_three():
    plan = fs.preset("sales_math")
    p = float(fs.exact(plan).attainment_probability.sel(segment="rep", quarter=1))
    told = luck_or_skill(plan, reps=3, quarters=1, draws=20_000, seed=3)
    at = {"reps": "alike", "measure": "attainment", "quarters_worked": 1}
    top, bottom = 1 - (1 - p) ** 3, p**3
    for statistic, expected in (("top", top), ("bottom", bottom), ("difference", top - bottom)):
        assert_near(told, "third_mean", expected, at | {"statistic": statistic})
        sd = np.sqrt(expected * (1 - expected))
        assert_near(told, "third_sd", sd, at | {"statistic": statistic})
    ratio = at | {"statistic": "ratio"}  # 1 where the worst attains, else infinite or 0 / 0
    assert_near(told, "third_left_out_probability", 1 - bottom, ratio)
    assert float(told.third_mean.sel(segment="rep", **ratio)) == 1


def test_reps_share_the_market():
    """P(the best of three attains) = E[1 - (1 - p(M))^3], p(M) = P(Poisson(3 M) >= 3)."""
    cv = 0.6
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    sigma = np.sqrt(np.log1p(cv**2))
    p = stats.poisson.sf(2, 3 * np.exp(sigma * nodes - sigma**2 / 2))
    plan = fs.preset("sales_math").variant("fixed sizes")
    plan = plan.replace({"stages.demo.days": 0.0, "stages.won.days": 0.0, "market.cv": cv})
    told = luck_or_skill(plan, reps=3, quarters=1, draws=20_000, seed=4)
    at = {"reps": "alike", "measure": "attainment", "quarters_worked": 1}
    assert_near(told, "third_mean", weights @ (1 - (1 - p) ** 3), at | {"statistic": "top"})
    assert_near(told, "third_mean", weights @ p**3, at | {"statistic": "bottom"})
    unshared = 1 - (1 - weights @ p) ** 3  # what it is not
    error = float(told["third_mean" + STANDARD_ERROR].sel(segment="rep", statistic="top", **at))
    assert abs(weights @ (1 - (1 - p) ** 3) - unshared) > 10 * error


def ordered_means(law, reps):
    """E of each order statistic of a law on whole numbers, least first: sum of P(X_(k) > x)."""
    above = law.sf(np.arange(law.support()[1]))
    return np.array([stats.binom.sf(reps - k, reps, above).sum() for k in range(1, reps + 1)])


@pytest.mark.parametrize("reps", [3, 5, 7])
def test_close_rates_are_order_statistics(reps):
    """Fixed demos and sizes: bookings order wins, Bin(9 q, 1/3), so thirds are order statistics."""
    told = luck_or_skill(demos_plan(close=1 / 3, cv=0), reps=reps, quarters=1, draws=5_000, seed=5)
    k = reps // 3
    for quarters in WORKED:
        n = 9 * int(quarters)
        means = ordered_means(stats.binom(n, 1 / 3), reps) / n
        top, bottom = means[-k:].mean(), means[:k].mean()
        at = {"reps": "alike", "measure": "close_rate", "quarters_worked": quarters}
        for statistic, mean in (("top", top), ("bottom", bottom), ("difference", top - bottom)):
            assert_near(told, "third_mean", mean, at | {"statistic": statistic})
    sizes = told.sel(measure="deal_size", reps="alike", quarters_worked=20, segment="rep")
    np.testing.assert_allclose(sizes.third_mean, [84_000, 84_000, 0, 1], rtol=1e-9, atol=1e-9)


def range_at_least(law, least):
    """P(largest - smallest of three >= least), on whole numbers."""
    x = np.arange(law.support()[1] + 1)
    reach = law.cdf(x + least - 1)
    below = (reach - law.cdf(x - 1)) ** 3 - (reach - law.cdf(x)) ** 3  # smallest x, range < least
    return 1.0 if least <= 0 else 1 - below.sum()


def test_p_values_power_and_quantiles_are_those_of_a_range():
    """Three reps, fixed demos and sizes, Beta close rates: binomial and beta-binomial wins."""
    close, cv = 1 / 3, 0.4
    plan = demos_plan(close=close, cv=0)
    observed = (0.50, 0.20)
    concentration = (1 - close) / close / cv**2 - 1  # a + b: cv^2 = (1 - p) / (p (a + b + 1))
    told = luck_or_skill(
        plan.replace({"stages.won.rep_cv": cv}),
        reps=3,
        quarters=4,
        observed={"close_rate": observed},
        draws=10_000,
        seed=6,
    )
    rate = told.sel(segment="rep", measure="close_rate")
    gap = rate.sel(reps="alike", statistic="difference")
    for quarters in WORKED:
        n = 9 * int(quarters)
        alike = stats.binom(n, close)
        different = stats.betabinom(n, close * concentration, (1 - close) * concentration)
        at = {"measure": "close_rate", "quarters_worked": quarters, "gap": "difference"}
        shown = int(np.ceil(round(0.3 * n, 9)))
        assert_near(told, "third_gap_p_value", range_at_least(alike, shown) + 1e-4, at)
        # A lattice has no quantile to within an error: it is one of P(gap <= x) about p.
        for probability in thirds.PROBABILITIES:
            found = gap.third_quantile.sel(quarters_worked=quarters, probability=probability)
            x = round(float(found) * n)
            error = 5 * np.sqrt(probability * (1 - probability) / 10_000)
            assert 1 - range_at_least(alike, x) < probability + error
            assert 1 - range_at_least(alike, x + 1) > probability - error
        assert_near(told, "third_gap_power", range_at_least(different, x + 1), at)
        means = ordered_means(different, 3) / n
        skilled = {"reps": "different", "measure": "close_rate", "quarters_worked": quarters}
        assert_near(told, "third_mean", means[-1], skilled | {"statistic": "top"})
    assert float(quarters_to_see(told).sel(segment="rep", measure="close_rate", gap="difference"))


def test_what_cannot_be_divided_is_counted():
    """Half a deal a quarter: P(the best of three has none) = e^(-3 q / 2)."""
    plan = demos_plan(per_quarter=3, regular=False, close=1 / 6)
    told = luck_or_skill(plan, reps=3, quarters=1, draws=5_000, seed=9)
    none = np.exp(-0.5 * WORKED)
    for statistic, expected in (
        ("top", none**3),
        ("bottom", 1 - (1 - none) ** 3),
        ("difference", 1 - (1 - none) ** 3),
    ):
        at = {"reps": "alike", "measure": "deal_size", "statistic": statistic}
        assert_near(told, "third_left_out_probability", expected, at)
    # No deal at the bottom makes the ratio of close rates infinite: it counts as the largest.
    rates = told.sel(segment="rep", reps="alike", measure="close_rate", statistic="ratio")
    assert np.isinf(rates.third_quantile.sel(quarters_worked=1, probability=0.95))
    assert np.isnan(rates["third_quantile" + STANDARD_ERROR].sel(quarters_worked=1)[-1])


def test_p_values_of_teams_of_identical_reps_are_uniform():
    plan = fs.preset("sales_math").model_copy(update={"kpis": ()})
    null, others = (
        gaps.with_gaps(shown(Ends([plan], 6, gaps.MEASURES, [1, 4], draws), draws, seed))
        for draws, seed in ((5_000, 1), (2_000, 2))
    )
    for measure, name in enumerate(gaps.MEASURES):
        for statistic in (2, 3):
            for worked in (0, 1):
                seen = others[statistic, 0, measure, worked]
                seen = seen[~np.isnan(seen)]
                own = null[statistic, 0, measure, worked]
                p, _ = gaps.p_values(own[None, None, None], seen[:, None])
                for level in (0.02, 0.05, 0.25, 0.5, 0.9):
                    share = float((p <= level).mean())
                    error = np.sqrt(level * (1 - level) * (1 / len(seen) + 1 / 5_000))
                    assert share < level + 5 * error, (name, level)
                    if name == "deal_size":  # the others come in steps: rarer, never more often
                        assert share > level - 5 * error, (name, level)


# -- what must not matter


def test_thirds_are_what_a_loop_finds():
    plan = (
        fs.preset("sales_math")
        .variant("windfalls")
        .replace({"windfall.per_quarter": 1.0, "quota.per_quarter": [2e5, 2.5e5, 3e5, 2.5e5]})
    )
    (samples,) = next(iter(sample_blocks([Run(plan, reps=7)], draws=50, seed=2)))
    found = gaps.thirds(
        samples, np.array(plan.quotas), plan.deal_size.law_mean, gaps.MEASURES, [1, 3]
    )
    for draw in range(50):
        for column, quarters in enumerate((1, 3)):
            team = [
                {name: values[draw, rep, :quarters] for name, values in samples.items()}
                for rep in range(7)
            ]
            team.sort(key=lambda rep: rep["bookings"].sum())  # stable, as ties by number are
            for row, third in enumerate((team[-2:], team[:2])):
                demos = sum(rep["reached"][:, 1].sum() for rep in third)
                won = sum(rep["reached"][:, 2].sum() for rep in third)
                deals = won + sum(rep["windfalls"].sum() for rep in third)
                booked = sum(rep["bookings"].sum() for rep in third)
                made = sum((rep["bookings"] >= plan.quotas[:quarters]).sum() for rep in third)
                expected = [
                    won / demos if demos else np.nan,
                    booked / deals if deals else np.nan,
                    made / (2 * quarters),
                ]
                np.testing.assert_allclose(found[row, :, column, draw], expected)


def test_skill_is_taken_out_of_identical_reps():
    plan = fs.preset("sales_math")
    spread = plan.replace(
        {"activity.rep_cv": 0.4, "stages.won.rep_cv": 0.3, "deal_size.rep_cv": 0.5}
    )
    plain, skilled = (
        luck_or_skill(each, reps=4, quarters=2, draws=300, seed=1) for each in (plan, spread)
    )
    assert list(skilled.reps.values) == ["alike", "different"]
    for name in ("third_mean", "third_quantile", "third_sd"):
        np.testing.assert_array_equal(skilled[name].sel(reps=["alike"]), plain[name])
    assert "third_gap_power" in skilled
    assert "no skill" in json.loads(plain.attrs["refused"])["third_gap_power"]


def test_numbers_do_not_depend_on_threads_blocks_or_other_horizons(monkeypatch):
    plan = fs.preset("sales_math").replace({"activity.rep_cv": 0.4})
    observed = {"close_rate": (0.46, 0.25)}

    def told(quarters, threads):
        return luck_or_skill(
            plan, reps=5, quarters=quarters, observed=observed, draws=300, seed=1, threads=threads
        )

    one = told(3, 1)
    monkeypatch.setattr(ends, "BLOCK_BYTES", 1 << 16)
    assert one.identical(told(3, 2))
    longer = told(25, 2)
    both = [4, 20]
    assert (
        longer.sel(quarters_worked=both)
        .drop_attrs()
        .equals(one.sel(quarters_worked=both).drop_attrs())
    )
    assert list(longer.quarters_worked.values) == [*WORKED, 25]


def test_rounding_does_not_sort_equal_bookings():
    """Three deals are three deals, whether they came as 3 + 0 or 1 + 2, of 84,000 or of 0.7."""
    base = {"windfall": None, "activity.per_quarter": 9.0}
    results = [
        luck_or_skill(
            demos_plan(regular=False, cv=0).replace(
                base | {"deal_size.mean": size, "quota.per_quarter": 3 * size}
            ),
            reps=6,
            quarters=1,
            draws=500,
            seed=1,
        )
        for size in (84_000.0, 0.7)
    ]
    for name in ("third_mean", "third_sd", "third_quantile"):
        first, second = (each[name].sel(measure=["close_rate", "attainment"]) for each in results)
        np.testing.assert_allclose(first, second, rtol=1e-9)


@pytest.mark.slow
def test_errors_are_those_of_replication():
    plan = demos_plan(cv=0.5).replace({"deal_size.rep_cv": 0.2})
    observed = {"deal_size": (95_000, 75_000)}
    runs = [
        luck_or_skill(plan, reps=6, quarters=1, observed=observed, draws=400, seed=seed)
        for seed in range(200)
    ]
    at = {"segment": "rep", "measure": "deal_size", "quarters_worked": 4}
    for name, own in (
        ("third_mean", {"reps": "alike", "statistic": "difference"}),
        ("third_sd", {"reps": "alike", "statistic": "difference"}),
        ("third_quantile", {"reps": "alike", "statistic": "difference", "probability": 0.5}),
        ("third_gap_p_value", {"gap": "difference"}),
        ("third_gap_power", {"gap": "difference"}),
    ):
        values = np.array([float(run[name].sel(at | own)) for run in runs])
        errors = np.array([float(run[name + STANDARD_ERROR].sel(at | own)) for run in runs])
        # 200 runs know a standard deviation to 5 %; power's error is a bound
        assert 0.75 < values.std(ddof=1) / np.sqrt((errors**2).mean()) < 1.25, name


def test_rounding_is_no_gap_and_no_p_value_is_0():
    top, bottom, difference, ratio = gaps.with_gaps(np.array([[0.1 + 0.2], [0.3]]))
    assert (top - bottom, difference, ratio) == (2**-54, 0.0, pytest.approx(1.0))
    shown = np.array([0.1, 0.2, 0.3, np.nan])[None, None, None]
    p, error = gaps.p_values(shown, np.array([[0.1 + 0.2]]))
    assert p == 2 / 4
    p, error = gaps.p_values(shown, np.array([[0.4]]))
    assert (p, error) == (1 / 4, pytest.approx(np.sqrt(3) / 8))
    p, error = gaps.p_values(shown, np.array([[np.nan]]))
    assert np.isnan(p)
    assert np.isnan(error)
    assert gaps.power(shown, shown)[0] == 0  # what equals the limit does not exceed it
    share, error = gaps.power(np.array([0.1] * 39 + [np.inf])[None, None, None], shown)
    assert share == 2 / 3
    assert np.isnan(error)


# -- what is refused, and what it is called


def test_every_problem_is_named_at_once():
    with pytest.raises(ArgumentError) as caught:
        luck_or_skill(
            fs.preset("sales_math"),
            reps=2,
            quarters=0,
            observed={
                "close": (0.4, 0.2),
                "close_rate": (46, 25),
                "deal_size": (70_000, 160_000),
                "attainment": 0.5,
            },
            draws=0,
            seed=1,
        )
    lines = str(caught.value).split("\n")
    assert len(lines) == 7
    for line, parts in zip(
        lines,
        (
            ("reps = 2", "between 3 and 10000"),
            ("quarters = 0", "between 1 and 100"),
            ("observed['close']", "must be one of", "Did you mean close_rate?"),
            ("observed['close_rate'] = (46, 25)", "between 0 and 1", "Divide by 100"),
            ("observed['deal_size']", "must not be below", "Write (top, bottom)"),
            ("observed['attainment'] = 0.5", "two numbers"),
            ("draws = 0",),
        ),
        strict=True,
    ):
        assert all(part in line for part in parts), line


@pytest.mark.parametrize(
    "wrong",
    [
        {"reps": True},
        {"reps": 4.0},
        {"quarters": "four"},
        {"quarters": 101},
        {"observed": [0.46, 0.25]},
        {"observed": {"close_rate": (0.46, float("nan"))}},
        {"observed": {"deal_size": (float("inf"), 1.0)}},
        {"observed": {"deal_size": (1.0, 0.0)}},
        {"observed": {"close_rate": (0.5, 0.3, 0.2)}},
        {"observed": {"close_rate": "ab"}},
        {"observed": {7: (0.5, 0.3)}},
        {"seed": -1},
        {"threads": 0},
    ],
)
def test_wrong_arguments_are_refused(wrong):
    arguments = {"reps": 3, "quarters": 1, "draws": 10, "seed": 1} | wrong
    (name,) = wrong
    with pytest.raises(ArgumentError, match=name):
        luck_or_skill(fs.preset("sales_math"), **arguments)


def test_too_many_teams_are_refused():
    with pytest.raises(ResourceError, match="Ask for at most"):
        luck_or_skill(fs.preset("sales_math"), reps=3, quarters=1, draws=10**9, seed=1)


def test_one_stage_has_no_close_rate():
    plan = fs.preset("sales_math").model_dump(exclude_none=True) | {"variants": {}}
    plan["stages"] = plan["stages"][:1]
    plan = fs.Scenario(**plan)
    told = luck_or_skill(plan, reps=3, quarters=1, draws=50, seed=1)
    assert list(told.measure.values) == ["deal_size", "attainment"]
    assert "one stage" in json.loads(told.attrs["refused"])["close_rate"]
    with pytest.raises(ArgumentError, match="one stage"):
        luck_or_skill(plan, reps=3, quarters=1, observed={"close_rate": (1, 0)}, draws=50, seed=1)


@pytest.mark.parametrize(
    ("law", "blank"),
    [
        ({"law": "pareto", "minimum": 50_000.0, "shape": 1.8}, {"third_sd": "top bottom"}),
        ({"law": "gamma", "mean": 84_000.0, "cv": 1.0}, {"third_mean": "ratio"}),
        ({"law": "gamma", "mean": 84_000.0, "cv": 0.8}, {"third_sd": "ratio"}),
        ({"law": "gamma", "mean": 84_000.0, "cv": 0.4}, {}),
    ],
)
def test_moments_that_do_not_exist_are_refused(law, blank):
    plan = fs.preset("sales_math").model_copy(update={"variants": {}}).replace({"deal_size": law})
    told = luck_or_skill(plan, reps=3, quarters=1, draws=200, seed=1)
    sizes = told.sel(measure="deal_size", reps="alike", segment="rep", quarters_worked=20)
    assert np.isfinite(sizes.third_quantile).all()
    for name in ("third_mean", "third_sd"):
        expected = blank.get(name, "").split()
        for statistic in expected:
            assert np.isnan(sizes[name].sel(statistic=statistic))
            assert "moment" in json.loads(told.attrs["refused"])[name]
        if "third_mean" in blank and name == "third_mean":
            assert np.isfinite(sizes[name].sel(statistic=["top", "bottom", "difference"])).all()
    if not blank:
        assert np.isfinite(sizes.third_sd).all()
        assert "third_sd" not in json.loads(told.attrs["refused"])


def test_names_dims_and_files(tmp_path):
    plan = fs.preset("sales_math").replace({"activity.rep_cv": 0.4})
    told = luck_or_skill(
        plan, reps=3, quarters=1, observed={"attainment": (0.9, 0.4)}, draws=100, seed=1
    )
    names = [variable.name for variable in THIRDS]
    assert sorted(told.data_vars) == sorted([*names, *(name + STANDARD_ERROR for name in names)])
    for name in names:
        assert told[name].dims == told[name + STANDARD_ERROR].dims == BY_NAME[name].dims
    gap = told.observed.sel(measure="attainment")
    np.testing.assert_allclose(gap, [0.9, 0.4, 0.5, 2.25])
    assert np.isnan(told.observed.sel(measure="close_rate")).all()
    assert np.isnan(told.third_gap_p_value.sel(measure="close_rate")).all()
    assert list(told.measure_unit.values) == ["1", "USD", "1"]
    assert told.attrs["team"] == 3
    fs.save(told, tmp_path / "told.nc")
    assert fs.open(tmp_path / "told.nc").identical(told)
    fs.save(told, tmp_path / "told.csv")


def test_quarters_to_tell_are_those_from_which_on_it_holds():
    p = np.array([[0.9, 0.04, 0.06, 0.04, 0.01], [0.9, 0.8, 0.7, 0.6, 0.05], [0.04] * 5]).T
    told = xr.Dataset(
        {"third_gap_p_value": (("quarters_worked", "measure"), p)},
        coords={"quarters_worked": [1, 2, 4, 8, 12]},
    )
    np.testing.assert_array_equal(quarters_to_tell(told), [8, np.nan, 1])
    with pytest.raises(ResultError, match="third_gap_power"):
        quarters_to_see(told)
    with pytest.raises(ResultError, match="nothing observed"):
        quarters_to_tell(
            luck_or_skill(fs.preset("sales_math"), reps=3, quarters=1, draws=10, seed=1)
        )
