"""Seats in the engine: ramp, attrition, backfill, handover, hiring; renewal theory, invariants."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import pytest
from scipy import integrate, stats

import funnelsim as fs
from funnelsim.engine.blocks import Run, sample_blocks
from sampling import assert_mean, sampled
from test_engine_ways import FUNNEL, assert_same_bytes, inflow

QUARTER = 13
ATTRITION = {"per_year": 0.30, "fill_weeks": 9.0}
RAMP = {"weeks": 20.0, "from": 0.0}


def scenario(**changes):
    """The Sales Math without delays, luck or skill, over four quarters."""
    return fs.Scenario(
        **{
            "name": "team",
            "quota": {"per_quarter": 250_000.0},
            "calendar": {"quarters": 4},
            "activity": {"per_quarter": 750.0},
            "stages": FUNNEL,
            "deal_size": {"law": "fixed", "mean": 84_000.0},
        }
        | changes
    )


# --- renewal theory


def shares(leaving, empty, ramp, weeks=4 * QUARTER, hired=None):
    """Expected shares of each quarter that a seat is filled and productive, by recursion.

    ``leaving`` is the probability at the end of a week, ``empty`` the law of the whole weeks that
    a seat stays empty, ``ramp`` the mean productivity by weeks since hire. The seat is filled by a
    ramped rep at day 0, or by a new one in the week ``hired``.
    """
    filled, productive, hires = np.zeros(weeks), np.zeros(weeks), np.zeros(weeks + len(empty) + 1)
    hires[hired or 0] = 1.0
    for begin in range(weeks):
        for week in range(begin, weeks):
            there = hires[begin] * (1 - leaving) ** (week - begin)
            ramped = begin == 0 and hired is None
            filled[week] += there
            productive[week] += there * (1.0 if ramped else ramp(week - begin))
            back = week + 1 + np.arange(len(empty))
            hires[back] += np.where(back < weeks, there * leaving * empty, 0.0)
    return filled.reshape(-1, QUARTER).mean(axis=1), productive.reshape(-1, QUARTER).mean(axis=1)


def linear(weeks, start=0.0):
    return lambda t: min(1.0, start + (1 - start) * (t + 0.5) / weeks)


def a_week(per_year):
    return 1 - (1 - per_year) ** (1 / 52)


def lognormal(mean, cv):
    return stats.lognorm(math.sqrt(math.log1p(cv**2)), scale=mean / math.sqrt(1 + cv**2))


def whole_weeks(mean, cv, most=120):
    """The law of floor(x + u), x lognormal, u uniform: whole weeks of the same mean."""
    beyond = [1.0]  # P(at least k whole weeks) = E[clip(x - k + 1, 0, 1)]
    for k in range(1, most):
        if cv:
            beyond.append(integrate.quad(lognormal(mean, cv).sf, k - 1, k)[0])
        else:
            beyond.append(min(max(mean - k + 1, 0.0), 1.0))
    return -np.diff([*beyond, 0.0])


def test_the_recursion_gives_the_productive_share_of_the_model():
    _, productive = shares(a_week(0.30), whole_weeks(9, 0), linear(20.0))
    np.testing.assert_allclose(productive, [0.960179, 0.896131, 0.880299, 0.880288], atol=5e-7)


def test_the_productive_share_of_the_model():
    """And what is booked follows it: activities the filled share, wins the productive one."""
    filled, productive = shares(a_week(0.30), whole_weeks(9, 0), linear(20.0))
    found = sampled(scenario(attrition=ATTRITION, ramp=RAMP, headcount=4), 20_000)
    for quarter in range(4):
        assert_mean(found["filled"][..., quarter], filled[quarter])
        assert_mean(found["productive"][..., quarter], productive[quarter])
        assert_mean(found["activities"][..., quarter], 750 * filled[quarter])
        assert_mean(found["bookings"][..., quarter], 252_000 * productive[quarter])


@pytest.mark.parametrize(
    ("attrition", "ramp"),
    [
        ({"per_year": 0.9, "fill_weeks": 2.5}, {"weeks": 6.0, "from": 0.3}),
        ({"per_year": 0.9, "fill_weeks": 6.0, "fill_weeks_cv": 0.8}, {"weeks": 0.2, "from": 0.0}),
        ({"per_year": 0.6, "fill_weeks": 0.4}, {"weeks": 12.0, "from": 0.1, "weeks_cv": 0.5}),
        ({"per_year": 0.99, "fill_weeks": 0.0}, {"weeks": 9.0, "from": 0.0, "weeks_cv": 1.5}),
    ],
    ids=str,
)
@pytest.mark.parametrize("hired", [None, 3])
def test_random_vacancies_and_ramps(attrition, ramp, hired):
    mean, cv = attrition["fill_weeks"], attrition.get("fill_weeks_cv", 0.0)
    empty = whole_weeks(mean, cv)
    assert np.arange(len(empty)) @ empty == pytest.approx(mean, abs=1e-4)
    weeks, cv, start = ramp["weeks"], ramp.get("weeks_cv", 0.0), ramp["from"]
    law = lognormal(weeks, cv) if cv else None

    @functools.cache
    def productive_in(t):
        if law is None:
            return linear(weeks, start)(t)
        rest = integrate.quad(lambda x: law.pdf(x) * (t + 0.5) / x, t + 0.5, np.inf)[0]
        return start + (1 - start) * (law.cdf(t + 0.5) + rest)

    filled, productive = shares(a_week(attrition["per_year"]), empty, productive_in, hired=hired)
    team = {"headcount": 2} if hired is None else {"hiring": [{"week": hired, "reps": 2}]}
    found = sampled(scenario(attrition=attrition, ramp=ramp, **team), 20_000)
    seats = slice(0, 2) if hired is None else slice(1, 3)
    for quarter in range(4):
        assert_mean(found["filled"][:, seats, quarter], filled[quarter])
        assert_mean(found["productive"][:, seats, quarter], productive[quarter])
        assert_mean(found["activities"][:, seats, quarter], 750 * filled[quarter])


def test_a_life_is_geometric():
    """P(the first rep works more than k weeks) = (1 - p)^k, where nobody follows within a year."""
    plan = scenario(attrition={"per_year": 0.5, "fill_weeks": 200.0})
    n = 40_000
    worked = np.rint(QUARTER * sampled(plan, n)["filled"][:, 0].sum(axis=1))
    for k in (0, 1, 2, 5, 13, 20, 39, 51):
        p = 0.5 ** (k / 52)
        assert abs((worked > k).mean() - p) <= 5 * math.sqrt(p * (1 - p) / n), k


def test_a_successor_has_skill_of_his_own():
    """A year of one seat: the activity of two hires has no more in common than two seats."""
    activity = {"per_quarter": 750.0, "rep_cv": 0.5}
    plan = scenario(
        activity=activity,
        attrition={"per_year": 0.999, "fill_weeks": 0.0},
        calendar={"quarters": 8},
        headcount=2,
    )
    found = sampled(plan, 20_000)["activities"].astype(float)
    first, last, other = found[:, 0, 0], found[:, 0, 7], found[:, 1, 7]
    assert abs(np.corrcoef(first, other)[0, 1]) < 5 / math.sqrt(20_000)
    assert abs(np.corrcoef(first, last)[0, 1]) < 5 / math.sqrt(20_000)
    stay = scenario(activity=activity, calendar={"quarters": 8})
    alone = sampled(stay, 20_000)["activities"].astype(float)
    assert np.corrcoef(alone[:, 0, 0], alone[:, 0, 7])[0, 1] > 0.9


# --- what leavers leave behind


@pytest.mark.parametrize("handover", [0.0, 0.5, 1.0])
def test_handover(handover):
    """Deals that take exactly 70 days, nobody follows.

    What enters in week w (its rep there with probability s^w, s = 1 - p) closes u weeks into week
    w + 10, when the rep is still there with probability s^10.
    """
    stages = [*FUNNEL[:2], FUNNEL[2] | {"days": 70.0, "days_cv": 0.0}]
    attrition = {"per_year": 0.9, "fill_weeks": 500.0, "handover": handover}
    plan = scenario(
        stages=stages,
        attrition=attrition,
        calendar={"quarters": 4, "start": "empty"},
        activity={"per_week": 300.0},
    )
    stay = 1 - a_week(0.9)
    found = sampled(plan, 20_000, pipeline=True)
    weekly = 300 * 0.004
    for quarter in range(4):
        weeks = np.arange(max(13 * quarter - 10, 0), 13 * quarter + 3)
        there = stay**weeks
        kept = there * (stay**10 + (1 - stay**10) * handover)
        assert_mean(found["reached"][:, 0, quarter, 2], weekly * kept.sum())


@pytest.mark.parametrize("handover", [0.0, 0.7])
def test_the_past_of_leavers_is_handed_over_too(handover):
    """Steady, fixed 70 days: in week 0 to 9 the deals of weeks -10 to -1 close, if they survive."""
    stages = [*FUNNEL[:2], FUNNEL[2] | {"days": 70.0, "days_cv": 0.0}]
    attrition = {"per_year": 0.9, "fill_weeks": 500.0, "handover": handover}
    plan = scenario(stages=stages, attrition=attrition, activity={"per_week": 300.0},
                    calendar={"quarters": 1})  # fmt: skip
    stay, weeks = 1 - a_week(0.9), np.arange(13)
    there = stay ** np.maximum(weeks - 10, 0)
    still = stay**weeks / there
    truth = 300 * 0.004 * (there * (still + (1 - still) * handover)).sum()
    assert_mean(sampled(plan, 20_000)["reached"][:, 0, 0, 2], truth)


def leaving(**changes):
    """Delays, skill, inflows, assists and windfalls, where reps come and go."""
    stages = [
        FUNNEL[0] | {"days": 3.0, "rep_cv": 0.3},
        FUNNEL[1] | {"days": 10.0, "lost_days": 25.0, "stalled": 0.2},
        FUNNEL[2] | {"days": 40.0, "lost_days": 20.0, "stalled": 0.1},
    ]
    return scenario(
        **{
            "stages": stages,
            "activity": {"per_quarter": 750.0, "rep_cv": 0.4, "week_cv": 0.3},
            "deal_size": {"law": "lognormal", "mean": 84_000.0, "cv": 0.5, "rep_cv": 0.3,
                          "whale": {"probability": 0.1, "multiple": 4.0}},
            "windfall": {"law": "lognormal", "mean": 50_000.0, "cv": 1.0, "per_quarter": 0.7},
            "sources": [inflow(enters="demo")],
            "assists": [{"name": "on-site", "at": "won", "coverage": 0.4, "odds": 1.5}],
            "market": {"cv": 0.2},
            "ramp": {"weeks": 10.0, "from": 0.2, "weeks_cv": 0.4},
            "attrition": {"per_year": 0.9, "fill_weeks": 5.0, "fill_weeks_cv": 0.5,
                          "handover": 0.5},
            "uncertainty": {"stages.won.conversion": {"cv": 0.15}, "ramp.weeks": {"cv": 0.2},
                            "attrition.per_year": {"cv": 0.05}, "attrition.handover": {"cv": 0.3}},
            "headcount": 2,
            "hiring": [{"week": 5}, {"week": -4}],
        }
        | changes
    )  # fmt: skip


DRAWS = 1_500


def test_who_hands_over_more_loses_nothing():
    """From 0 to .5 to 1, draw by draw: every count and every sum can only grow."""
    unsure = {"uncertainty": {}}
    each = [
        sampled(leaving(attrition=ATTRITION | {"per_year": 0.9, "handover": h}, **unsure), DRAWS)
        for h in (0.0, 0.5, 1.0)
    ]
    for less, more in itertools.pairwise(each):
        for name in ("reached", "whales", "assisted", "source_won"):
            assert (more[name] >= less[name]).all(), name
        for name in ("bookings", "repeatable_bookings", "largest_deal"):
            assert (more[name] >= less[name] * (1 - 1e-12)).all(), name
        assert (more["reached"] > less["reached"]).any()
        assert_same_bytes(less, more, ["activities", "windfalls", "filled", "productive"])


def test_a_shorter_ramp_loses_nothing():
    slow = leaving(ramp={"weeks": 20.0, "from": 0.0, "weeks_cv": 0.4})
    fast = slow.replace({"ramp.weeks": 10.0})
    higher = slow.replace({"ramp.from": 0.3})
    base = sampled(slow, DRAWS)
    for other in (sampled(fast, DRAWS), sampled(higher, DRAWS)):
        for name in ("reached", "whales", "assisted", "source_won", "productive"):
            assert (other[name] >= base[name] * (1 - 1e-12)).all(), name
        assert_same_bytes(base, other, ["activities", "windfalls", "filled"])
        assert (other["reached"] > base["reached"]).any()


def test_windfalls_find_filled_seats_only():
    """Their mean is that of the filled share, and a filled quarter has what it had anyway."""
    windfall = {"law": "fixed", "mean": 1.0, "per_quarter": 3.0}
    still = scenario(windfall=windfall)
    moving = scenario(windfall=windfall, attrition={"per_year": 0.9, "fill_weeks": 20.0})
    all_of_them, found = (sampled(each, 20_000) for each in (still, moving))
    share = found["filled"][:, 0]
    assert_mean(found["windfalls"][:, 0] - 3.0 * share, 0.0)
    assert (found["windfalls"] <= all_of_them["windfalls"]).all()
    np.testing.assert_array_equal(
        found["windfalls"][:, 0][share == 1], all_of_them["windfalls"][:, 0][share == 1]
    )
    assert (found["windfalls"][:, 0][share == 0] == 0).all()
    assert (share == 0).any()


def test_inflows_ramp_and_wait_for_no_empty_seat():
    """Entries of an inflow come at rate times productivity."""
    plan = scenario(
        sources=[inflow(per_week=3.0)],
        attrition={"per_year": 0.8, "fill_weeks": 6.0},
        ramp={"weeks": 15.0, "from": 0.1},
    )
    found = sampled(plan, 20_000)
    assert_mean(found["source_won"][:, 0, :, 1] - 39 * 0.2 * found["productive"][:, 0], 0.0)


# --- hiring


@pytest.mark.parametrize("week", [0, 3, 13, 30, 51, 52, 200])
@pytest.mark.parametrize("start", ["steady", "empty"])
def test_a_seat_hired_later_begins_there(week, start):
    plan = scenario(
        ramp={"weeks": 9.0, "from": 0.2},
        hiring=[{"week": week}],
        stages=[*FUNNEL[:2], FUNNEL[2] | {"days": 30.0}],
        sources=[inflow()],
        calendar={"quarters": 4, "start": start},
    )
    found = sampled(plan, 500, pipeline=True)
    t = np.arange(52) - week
    r = np.where(t < 0, 0.0, np.minimum(1.0, 0.2 + 0.8 * (t + 0.5) / 9)).reshape(4, 13).mean(axis=1)
    np.testing.assert_allclose(found["productive"][:, 1], np.tile(r, (500, 1)))
    np.testing.assert_array_equal(found["filled"][:, 1], np.tile((t >= 0).reshape(4, 13).mean(1),
                                                                (500, 1)))  # fmt: skip
    np.testing.assert_array_equal(found["filled"][:, 0], 1.0)
    assert found["open_at_start"][:, 1].sum() == 0
    quiet = found["filled"][:, 1] == 0
    assert (found["entered"][:, 1][quiet] == 0).all()
    assert (found["activities"][:, 1][quiet] == 0).all()


@pytest.mark.parametrize("week", [-1, -8, -400])
def test_a_rep_may_still_ramp_on_day_0(week):
    """Hired k weeks before: productivity goes on from there, with the pipeline of those weeks."""
    stages = [*FUNNEL[:2], FUNNEL[2] | {"days": 28.0, "days_cv": 0.0}]
    plan = scenario(ramp={"weeks": 20.0, "from": 0.0}, hiring=[{"week": week}], stages=stages,
                    activity={"per_week": 300.0})  # fmt: skip
    found = sampled(plan, 20_000)
    r = np.minimum(1.0, (np.arange(-400, 52) - week + 0.5) / 20) * (np.arange(-400, 52) >= week)
    by_quarter = r[400:].reshape(4, 13).mean(axis=1)
    np.testing.assert_allclose(found["productive"][:, 1], np.tile(by_quarter, (20_000, 1)))
    for quarter in range(4):  # won four weeks after they were entered
        entered = r[400 + 13 * quarter - 4 : 400 + 13 * quarter + 9].sum()
        assert_mean(found["reached"][:, 1, quarter, 2], 300 * 0.004 * entered)


def test_who_was_hired_before_day_0_does_not_leave_before():
    plan = scenario(
        hiring=[{"week": -100}, {"week": 0}],
        attrition={"per_year": 0.9, "fill_weeks": 3.0},
        ramp=RAMP,
    )
    filled = sampled(plan, 20_000)["filled"]
    assert_mean(filled[:, 1] - filled[:, 2], 0.0)
    assert filled[..., 0].min() > 0
    assert (filled[:, 1, 0] != filled[:, 2, 0]).any()


# --- what changes no other number


def test_a_further_seat_changes_no_other_number():
    """Neither of the seats of day 0, nor of those hired."""
    before = sampled(leaving(), DRAWS)
    for headcount in (3, 7):
        after = sampled(leaving(headcount=headcount), DRAWS)
        kept = [0, 1, headcount, headcount + 1]
        assert_same_bytes(before, {name: each[:, kept] for name, each in after.items()})
        assert not np.array_equal(after["bookings"][:, 2], after["bookings"][:, 1])


def test_seats_need_not_be_simulated_again():
    """Further seats of day 0 alone, or those hired alone, are what they are beside the others."""
    plan = leaving(headcount=5)
    together = sampled(plan, DRAWS)
    runs = [Run(plan, 2), Run(plan, 3, first_seat=2), Run(plan, 0, hired=True)]
    (parts,) = sample_blocks(runs, draws=DRAWS, seed=1)
    for part, seats in zip(parts, ([0, 1], [2, 3, 4], [5, 6]), strict=True):
        assert_same_bytes({name: each[:, seats] for name, each in together.items()}, part)


def test_a_company_is_its_segments_side_by_side():
    data = leaving().model_dump(exclude_none=True)
    south = {"name": "south", "headcount": 3, "stages": {"won": {"conversion": 0.5}}}
    plan = fs.Scenario(**data | {"segments": [{"name": "north", "start": "empty"}, south]})
    company, first = fs.simulate(plan, draws=300, seed=1, pipeline=True), 0
    for name, each in plan.team.items():
        alone = sampled(each, 300, segment=name, pipeline=True)
        for sample, values in alone.items():
            found = company[sample].values[:, first : first + each.seats]
            np.testing.assert_array_equal(found, values, err_msg=sample)
        first += each.seats
    assert first == company.sizes["rep"] == 9


def test_a_further_hire_changes_no_other_number():
    before = sampled(leaving(), DRAWS)
    hiring = [{"week": 5}, {"week": -4}, {"week": 20, "reps": 2}]
    after = sampled(leaving(hiring=hiring), DRAWS)
    assert_same_bytes(before, {name: each[:, :4] for name, each in after.items()})


def test_hired_in_one_go_or_one_by_one_is_the_same():
    together, apart = (
        sampled(leaving(hiring=hiring), DRAWS)
        for hiring in ([{"week": 5, "reps": 2}], [{"week": 5}, {"week": 5}])
    )
    assert_same_bytes(together, apart)


def test_a_further_segment_changes_no_other_number():
    data = leaving().model_dump(exclude_none=True)
    teams = [{"name": "north"}, {"name": "south", "headcount": 3}]
    two = fs.Scenario(**data | {"segments": teams})
    three = fs.Scenario(**data | {"segments": [{"name": "west", "start": "empty"}, *teams]})
    for name in ("north", "south"):
        one, other = (sampled(plan.team[name], DRAWS, segment=name) for plan in (two, three))
        assert_same_bytes(one, other)
    north, south = (sampled(two.team[name], DRAWS, segment=name) for name in ("north", "south"))
    assert not np.array_equal(north["bookings"], south["bookings"][:, [0, 1, 3, 4]])


def test_segments_share_the_market_and_parameters_and_nothing_else():
    """Two segments of one plan: their mean bookings move together by the market alone."""
    data = scenario(market={"cv": 0.3}).model_dump(exclude_none=True)
    plan = fs.Scenario(**data | {"segments": [{"name": "north"}, {"name": "south"}]})
    n = 20_000
    runs = [Run(each, segment=name, reps=each.seats) for name, each in plan.team.items()]
    blocks = list(sample_blocks(runs, draws=n, seed=1))
    north, south = (
        np.concatenate([block[index]["reached"][:, 0, 0, 0] for block in blocks])
        for index in (0, 1)
    )
    assert_mean((north - 15.0) * (south - 15.0), (0.3 * 15) ** 2)


def test_a_further_quarter_changes_no_other_number():
    two, four = (sampled(leaving(calendar={"quarters": quarters}), DRAWS) for quarters in (2, 4))
    assert_same_bytes(two, {name: each[:, :, :2] for name, each in four.items()})


def test_a_further_draw_changes_no_other_number():
    few, many = sampled(leaving(), 100), sampled(leaving(), 700)
    assert_same_bytes(few, {name: each[:100] for name, each in many.items()})


def test_nobody_leaving_is_no_attrition():
    never = sampled(leaving(attrition={"per_year": 0.0, "fill_weeks": 9.0}, uncertainty={}), DRAWS)
    data = {key: value for key, value in leaving(uncertainty={}).model_dump(exclude_none=True)
            .items() if key != "attrition"}  # fmt: skip
    assert_same_bytes(never, sampled(fs.Scenario(**data), DRAWS))


def test_until_the_first_leaves_nothing_has_changed():
    """A quarter that a seat of day 0 was filled up to its end is what it is without attrition."""
    moving = leaving(uncertainty={}, headcount=1, hiring=[], calendar={"quarters": 1},
                     attrition=ATTRITION | {"per_year": 0.5})  # fmt: skip
    data = {key: value for key, value in moving.model_dump(exclude_none=True).items()
            if key not in ("attrition", "ramp")}  # fmt: skip
    still, found = sampled(fs.Scenario(**data), DRAWS), sampled(moving, DRAWS)
    stayed = found["filled"][:, 0, 0] == 1
    assert 0.5 < stayed.mean() < 1
    names = ("activities", "reached", "bookings", "windfalls", "largest_deal", "source_bookings")
    for name in names:
        same = np.all(np.isclose(found[name][:, 0], still[name][:, 0], rtol=1e-12).reshape(
            DRAWS, -1), axis=1)  # fmt: skip
        assert same[stayed].all(), name


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("block", [1, 7, 211])
def test_threads_and_blocks_do_not_matter(threads, block):
    one = sampled(leaving(), 300, threads=1, block=300, pipeline=True)
    assert_same_bytes(one, sampled(leaving(), 300, threads=threads, block=block, pipeline=True))


# --- what adds up


def test_money_comes_from_somewhere():
    found = sampled(leaving(), DRAWS)
    np.testing.assert_array_equal(
        found["bookings"], found["repeatable_bookings"] + found["windfall_bookings"]
    )
    by_source = found["source_bookings"].sum(axis=-1)
    windfalls = found["bookings"] - by_source
    nothing = found["windfalls"] == 0
    np.testing.assert_allclose(windfalls[nothing], 0.0, atol=1e-6)
    assert (windfalls[~nothing] > 0).all()
    quiet = nothing & (found["whales"] == 0)
    assert (found["windfall_bookings"][quiet] == 0).all()
    np.testing.assert_array_equal(found["source_won"].sum(axis=-1), found["reached"][..., -1])


def test_opportunities_are_conserved_when_reps_leave():
    found = sampled(leaving(), DRAWS, pipeline=True)
    flow = found["entered"] - found["reached"][..., -1] - found["lost"] - found["stalled"]
    before = np.concatenate([found["open_at_start"][..., None], found["open"][..., :-1]], axis=-1)
    np.testing.assert_array_equal(found["open"], before + flow)


def test_an_empty_seat_does_nothing():
    """Without handover a quarter that nobody sits in books and holds nothing.

    What the last one had open may be lost in its first moment.
    """
    plan = leaving(attrition={"per_year": 0.95, "fill_weeks": 30.0}, uncertainty={})
    found = sampled(plan, DRAWS, pipeline=True)
    empty = found["filled"] == 0
    assert empty.sum() > 100
    for name in ("activities", "bookings", "windfalls", "entered", "productive", "open"):
        assert (found[name][empty] == 0).all(), name
    assert (found["reached"][empty] == 0).all()


def test_a_count_quota_counts_wins():
    """Each win is 1."""
    data = leaving().model_dump(exclude_none=True) | {"quota": {"per_quarter": 3.0, "of": "wins"}}
    sized = ("deal_size", "windfall")
    plan = fs.Scenario(**{key: value for key, value in data.items() if key not in sized})
    found = sampled(plan, DRAWS)
    np.testing.assert_array_equal(found["bookings"], found["reached"][..., -1])
    np.testing.assert_array_equal(found["source_bookings"], found["source_won"])


@pytest.mark.parametrize("purpose", ["team", "parameter", "assist"])
def test_what_comes_before_a_purpose_drawn_anew_is_held(purpose):
    plan = leaving(uncertainty={"stages.won.conversion": {"cv": 0.3}})
    runs = [Run(plan, reps=plan.seats), Run(plan, reps=plan.seats, redraw=frozenset({purpose}))]
    ((before, after),) = sample_blocks(runs, draws=500, seed=1)
    assert not np.array_equal(before["reached"], after["reached"])
    if purpose == "team":
        assert not np.array_equal(before["filled"], after["filled"])
        return
    assert_same_bytes(before, after, ["activities", "windfalls", "filled", "productive"])
    np.testing.assert_array_equal(before["reached"][..., :2], after["reached"][..., :2])
