"""Published statistics that a simulator of sales should show without being told to, beside ours.

    python docs/published.py --write docs/background/published.md

computes every number and replaces what stands between the two marks of that page.
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

import funnelsim as fs

MARKS = ("<!-- computed by published.py -->\n", "<!-- end of what is computed -->\n")
ABOUT = 0.2  # a single figure stands for the range of a fifth to either side
STANDARD_ERRORS = 3  # by which a simulated number may miss a range
SEGMENTS = ("transactional_smb", "mid_market", "enterprise", "strategic")  # ever fewer deals
COMPANY = "three_segments"
GROUPS = 20  # of draws, for the error of what is no mean

Floats = npt.NDArray[np.float64]


class Number(NamedTuple):
    """A number and its standard error over draws; None where it is exact."""

    value: float
    error: float | None = None


# --- the calls ---

DRAWS, SEED = 20_000, 1
TEAM_DRAWS = 4_000  # of the company of 25 reps


def share_attaining(name: str, attainment: float | None = None) -> Number:
    """P(a rep makes the quota of the year), at the preset's quotas or at a mean attainment."""
    plan = fs.preset(name)
    if attainment is not None:
        mean = fs.exact(plan, only=["bookings_mean"]).bookings_mean.sel(quarter=1).item()
        plan = plan.replace({"quota.per_quarter": mean / attainment})
    return Number(
        fs.exact(plan, by="year", only=["attainment_probability"]).attainment_probability.item()
    )


def company(what: str) -> Number:
    """Of all seats of the company in a year: "share" that attain, or mean "attainment"."""
    year = company_year().sel(segment="company")
    if what == "share":
        return estimate(year, "attainment_probability")
    return Number(*(each / year.quota.item() for each in estimate(year, "team_bookings_mean")))


@cache
def company_year() -> xr.Dataset:
    plan = fs.preset(COMPANY)
    return fs.team(plan, draws=TEAM_DRAWS, seed=SEED, by="year").isel(year=0)


def median_over_mean(name: str) -> Number:
    """Of a rep's bookings in a quarter."""
    found = fs.exact(fs.preset(name), only=["bookings_quantile", "bookings_mean"]).sel(quarter=1)
    return Number((found.bookings_quantile.sel(probability=0.5) / found.bookings_mean).item())


def smallest_fall() -> Number:
    """How much median over mean falls at least, from each segment to the one of fewer deals."""
    return Number(-np.diff([median_over_mean(name).value for name in SEGMENTS]).max())


def skewness(name: str) -> Number:
    """Of a rep's bookings in a quarter."""

    def third(bookings: Floats) -> float:
        return float(((bookings - bookings.mean()) ** 3).mean() / bookings.std() ** 3)

    return jackknife(third, bookings(name))


def persistence(name: str) -> Number:
    """Correlation over reps of bookings in one quarter with those in the next."""

    def correlation(quarters: Floats) -> float:
        return float(np.corrcoef(quarters[:, :-1].ravel(), quarters[:, 1:].ravel())[0, 1])

    return jackknife(correlation, bookings(name))


def top_decile(name: str, over: str) -> Number:
    """Mean of a year's bookings of the top tenth of reps, over all's or the bottom tenth's."""

    def ratio(years: Floats) -> float:
        ranked, tenth = np.sort(years), years.size // 10
        below = ranked if over == "mean" else ranked[:tenth]
        return float(ranked[-tenth:].mean() / below.mean())

    return jackknife(ratio, bookings(name).sum(axis=1))


def coverage_needed(win_rate: float, certainty: float) -> Number:
    """Pipeline over quota, for mid-market's deals and quota."""
    plan = fs.preset("mid_market")
    found = fs.coverage(plan, certainty=[certainty], win_rate=[win_rate], deals=[deals(plan)])
    return Number(found.coverage_needed.item())


def three_times(name: str) -> Number:
    """P(quota made) from a pipeline of 3 x the quota of which one in three is won."""
    plan = fs.preset(name)
    found = fs.coverage(plan, win_rate=[1 / 3], deals=[deals(plan)])
    return Number(found.three_times_probability.item())


def deals(plan: fs.Scenario) -> float:
    return float(plan.quotas[0] / plan.deal_size.mean_of_all)


def sales_math(name: str, stage: str | None = None) -> Number:
    """Mean of a quarter of the Sales Math with the 33 % that the page prints."""
    plan = fs.preset("sales_math").variant("as published")
    found = fs.summarize(plan, draws=DRAWS, seed=SEED).sel(quarter=1)
    return estimate(found.sel(stage=stage) if stage else found, name)


def win_rate(name: str) -> Number:
    """Deals won over discovery calls held."""
    reached = fs.exact(fs.preset(name), only=["reached_mean"]).reached_mean.sel(quarter=1)
    return Number((reached.sel(stage="won") / reached.sel(stage="discovery")).item())


def open_opportunities(name: str) -> Number:
    """Undecided opportunities of a rep at the end of a quarter."""
    found = fs.simulate(fs.preset(name), draws=DRAWS, seed=SEED, pipeline=True)
    return jackknife(np.mean, found.open.isel(rep=0).to_numpy())


def aged(name: str, cycles: float) -> Number:
    """Win rate of demos still open after so many mean days to a win, over that of all demos."""
    won = fs.preset(name).stages[-1]
    return Number(float(fs.ageing(fs.preset(name), "won", [cycles * won.days])[0] / won.conversion))


def top_share(names: tuple[str, ...], share: float) -> Number:
    """Share of the value of won deals in the largest of them, of one rep of each preset."""
    found = [sizes(name) for name in names]
    wins = [deals(fs.preset(name)) for name in names]
    weights = [np.full(each.size, n / each.size) for each, n in zip(found, wins, strict=True)]

    def largest(pairs: Floats) -> float:
        size, weight = pairs[np.argsort(-pairs[:, 0])].T
        top = np.cumsum(weight) <= share * weight.sum()
        return float((size * weight)[top].sum() / (size * weight).sum())

    return jackknife(largest, np.column_stack([np.concatenate(found), np.concatenate(weights)]))


@cache
def sizes(name: str) -> Floats:
    """Deal by deal: what is booked in a quarter with a single deal, where most have none."""
    plan = fs.preset(name)
    seldom = plan.replace({"activity.per_week": plan.activities_per_week * 0.3 / deals(plan)})
    found = fs.simulate(seldom, draws=DRAWS, seed=SEED)
    return found.bookings.to_numpy()[found.reached.sel(stage="won").to_numpy() == 1]


@cache
def bookings(name: str) -> Floats:
    """Bookings by draw and quarter; each draw is another rep."""
    return fs.simulate(fs.preset(name), draws=DRAWS, seed=SEED).bookings.isel(rep=0).to_numpy()


def estimate(found: xr.Dataset, name: str) -> Number:
    return Number(found[name].item(), found[f"{name}_standard_error"].item())


def jackknife(statistic: Callable[[Any], float], rows: npt.NDArray[Any]) -> Number:
    """Return a statistic of all rows; its error from leaving out each twentieth of them in turn."""
    group = np.arange(len(rows)) % GROUPS
    without = np.array([statistic(rows[group != each]) for each in range(GROUPS)])
    return Number(float(statistic(rows)), math.sqrt((GROUPS - 1) * without.var()))


# --- end of the calls ---


class Range(NamedTuple):
    """What is published: a range and the words and grade that it comes with."""

    low: float
    high: float
    shown: str


def between(low: float, high: float) -> Range:
    return Range(low, high, f"{digits(low)} to {digits(high)}")


def digits(figure: float) -> str:
    return f"{figure:.2f}" if figure < 1 and round(figure, 2) == figure else f"{figure:g}"


def about(figure: float) -> Range:
    return Range(figure * (1 - ABOUT), figure * (1 + ABOUT), f"about {digits(figure)}")


def above(low: float) -> Range:
    return Range(low, math.inf, f"above {low:g}")


def below(high: float) -> Range:
    return Range(-math.inf, high, f"below {high:g}")


def exactly(figure: float) -> Range:
    return Range(figure, figure, f"{figure:,}")


@dataclass(frozen=True)
class Row:
    """One comparison; ``why`` it is outside or not comparable."""

    what: str
    call: str | None  # None: the model has no such thing
    published: Range | None  # None: nobody published a number
    why: str = ""
    slow: bool = False

    def number(self) -> Number | None:
        return None if self.call is None else eval(self.call, globals())

    def line(self, ours: Number | None) -> str:
        """Write the row; the verdict is on the digits that are shown."""
        text = shown(ours)
        ruling = verdict(read(text), self.published)
        published = self.published.shown if self.published else "none"
        call = f"`{self.call}`" if self.call else ""
        why = f": {self.why}" if self.why else ""
        return f"| {self.what} | {published} | {text} | **{ruling}**{why} | {call} |"


@dataclass(frozen=True)
class Statistic:
    """Rows under one heading, with where their published figures come from."""

    title: str
    sources: str
    rows: tuple[Row, ...]


def spread(name: str, mean: str = "", bottom: str = "") -> tuple[Row, Row]:
    """Top tenth over the mean and over the bottom tenth, with why they are outside."""
    return (
        Row(f"{name}, top tenth over mean", f'top_decile("{name}", over="mean")', about(1.8), mean),
        Row(f"{name}, top tenth over bottom tenth", f'top_decile("{name}", over="bottom")',
            about(8), bottom),
    )  # fmt: skip


def verdict(ours: Number | None, published: Range | None) -> str:
    """Compare by rule: inside the range, or not farther from it than 3 standard errors."""
    if ours is None or published is None:
        return "not comparable"
    slack = STANDARD_ERRORS * (ours.error or 0.0)
    inside = published.low - slack <= ours.value <= published.high + slack
    return "inside" if inside else "outside"


def shown(ours: Number | None) -> str:
    """Write a number: exact ones to 3 decimals, others to two digits of their error."""
    if ours is None:
        return "-"
    if ours.error is None:
        return f"{ours.value:.3f}, exact"
    decimals = max(0, 1 - math.floor(math.log10(ours.error)))
    return f"{ours.value:,.{decimals}f} ± {ours.error:,.{decimals}f}"


def read(text: str) -> Number | None:
    """Read what ``shown`` wrote."""
    if text == "-":
        return None
    value, *error = re.findall(r"-?[\d.]+", text.replace(",", ""))
    return Number(float(value), float(error[0]) if error else None)


def table(statistic: Statistic, numbers: list[Number | None]) -> str:
    lines = [row.line(ours) for row, ours in zip(statistic.rows, numbers, strict=True)]
    head = ("| | published | ours | verdict | call |", "| --- | --- | --- | --- | --- |")
    return "\n".join((f"### {statistic.title}\n\n{statistic.sources}\n", *head, *lines))


def rendered(numbers: dict[str, Number | None]) -> str:
    """Write the count of verdicts and all tables, from numbers by call."""
    tables = "\n\n".join(
        table(each, [numbers[row.call] if row.call else None for row in each.rows])
        for each in STATISTICS
    )
    count = ", ".join(
        f"{tables.count(f'**{ruling}**')} {ruling}"
        for ruling in ("inside", "outside", "not comparable")
    )
    return f"Of {len(ROWS)} rows: {count}.\n\n{tables}"


def stored(page: str) -> tuple[str, dict[str, Number | None]]:
    """Return what a page holds between the marks, and the numbers in it by call."""
    text = page.split(MARKS[0])[1].split(MARKS[1])[0].strip("\n")
    cells = re.findall(r"^\|[^|]*\|[^|]*\| ([^|]*) \|[^|]*\| `(.*)` \|$", text, re.MULTILINE)
    return text, {call: read(ours) for ours, call in cells}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="a page with the two marks")
    where = parser.parse_args().write
    text = rendered({row.call: row.number() for row in ROWS if row.call})
    if where is None:
        print(text)
        return
    page = where.read_text(encoding="utf-8")
    before, after = page.split(MARKS[0])[0], page.split(MARKS[1])[1]
    where.write_text(f"{before}{MARKS[0]}\n{text}\n\n{MARKS[1]}{after}", encoding="utf-8")


# Grades: A peer-reviewed or recomputed from open data; B a named survey or vendor data set with a
# stated sample; C a named report quoted by another page; D a range without data behind it.
STATISTICS = (
    Statistic(
        "1. The share of reps that make quota",
        "Published: 51 % (Bridge Group 2024, via Lative, C), 52 to 60 % in 2009 to 2015 (CSO "
        "Insights, via SBI and others, C), 44 % in 2010 (Objective Management Group, C), 31 % in "
        "2023 (Ebsta, via The Not So Secret CRO, C). None says what reps booked on average; ours "
        "are presets whose mean bookings come to 0.99 to 1.01 of quota, over a year.",
        tuple(
            Row(name, f'share_attaining("{name}")', between(0.31, 0.60))
            for name in (*SEGMENTS, "sdr_assisted")
        ),
    ),
    Statistic(
        "2. Mean attainment and the share that make quota",
        "Published together only once (BenchSights, First Look, about 2021, 83 firms, B): medians "
        "over firms in three bands of quota, 66, 82 and 87 % of capacity booked, where 28, 20 and "
        "25 % of reps made quota. Below, a year of a preset in each band, its quota raised until "
        "the mean of attainment is that of the band, against the range over bands; and a company "
        "with ramp, vacancies, over-assignment and a market.",
        (
            Row("enterprise, 66 % attained", 'share_attaining("enterprise", 0.66)',
                between(0.20, 0.28),
                "ours rises with attainment; theirs, medians that need not be of the same firm, "
                "does not"),
            Row("mid_market, 66 %", 'share_attaining("mid_market", 0.66)', between(0.20, 0.28),
                "as above"),
            Row("strategic, 82 %", 'share_attaining("strategic", 0.82)', between(0.20, 0.28),
                "at this mean fewer make quota there: bookings lie with fewer reps than a skill cv "
                "of 0.35 and the luck of deals lead to"),
            Row("transactional_smb, 87 %", 'share_attaining("transactional_smb", 0.87)',
                between(0.20, 0.28), "as above"),
            Row("three_segments, mean attainment", 'company("attainment")', between(0.66, 0.87),
                slow=True),
            Row("three_segments, share that make quota", 'company("share")', between(0.20, 0.28),
                "as above", slow=True),
        ),
    ),
    Statistic(
        "3. Skewed to the right",
        "Published as a shape: most reps below the mean, a long tail above, on real plans of "
        "several industries (Alexander Group, Quota setting practices, B, numbers not visible). "
        "Ours also grows as deals get fewer, which the last row "
        "shows on medians.",
        (
            *(Row(f"{name}, median over mean", f'median_over_mean("{name}")', below(1))
              for name in SEGMENTS),
            *(Row(f"{name}, skewness", f'skewness("{name}")', above(0)) for name in SEGMENTS),
            Row("smallest fall of median over mean to the segment of fewer deals",
                "smallest_fall()", None,
                "only a page of grade D says that enterprise spreads wider (Pulse RevOps)"),
        ),
    ),
    Statistic(
        "4. Persistence",
        "Correlation of one period with the next. Published: reliability of objective measures in "
        "complex jobs 0.50 (Sturman, Cheramie and Cashen, 2005, A); wins by rep from month to "
        "month 0.45 in the mean of 7 pairs of 8 to 11 reps (Olist, 2018, A, tiny sample). Ours, "
        "from quarter to quarter, is what the stated spread of skill leaves beside luck.",
        (
            Row("transactional_smb, 15 wins a quarter", 'persistence("transactional_smb")',
                between(0.3, 0.5)),
            Row("mid_market, 6 wins", 'persistence("mid_market")', between(0.3, 0.5),
                "with 6 deals three quarters of the variance are luck; from year to year, with "
                "four times the deals, it would be 0.58"),
            Row("enterprise, 2.7 wins", 'persistence("enterprise")', None,
                "no number for so few deals; \"not highly related\" in one sales force (Chonko and "
                "others, 2000, A)"),
            Row("strategic, 1.2 wins", 'persistence("strategic")', None, "as above"),
        ),
    ),
    Statistic(
        "5. The spread of reps over a year",
        "Top tenth over mean 1.8, over the bottom tenth 8, for complex and sales jobs (80,000 "
        "Hours, 2012, B, derived from Hunter, Schmidt and Judiesch, 1990, A).",
        (
            *spread("transactional_smb", bottom="the two figures together are those of a normal "
                    "law with a standard deviation of 45 % of the mean; ours is skewed, with a "
                    "thin tail below"),
            *spread("mid_market", bottom="as above"),
            *spread("enterprise", mean="11 wins a year: luck with large deals adds to skill above"),
            *spread("strategic", mean="as above, with 5 wins a year",
                    bottom="with 5 wins a year the bottom tenth mostly win one or none"),
        ),
    ),
    Statistic(
        "6. Pipeline coverage",
        "Published as a rule: coverage of one over the win rate, 5.3 at 19 % and 3 at a third "
        "(Prooflytics, The 3x rule, 2026, and others, C); its origin is unknown. The rule makes "
        "the mean come to quota and says nothing of chance.",
        (
            Row("for an even chance, win rate 19 %", "coverage_needed(0.19, certainty=0.5)",
                about(5.3)),
            Row("for an even chance, win rate one third", "coverage_needed(1 / 3, certainty=0.5)",
                about(3)),
            Row("for 80 %, win rate 19 %", "coverage_needed(0.19, certainty=0.8)", None,
                "no page gives coverage for a chance"),
            Row("for 80 %, win rate one third", "coverage_needed(1 / 3, certainty=0.8)", None,
                "as above"),
            *(Row(f"{name}, chance with 3 x and a win rate of one third", f'three_times("{name}")',
                  None, "as above") for name in SEGMENTS),
        ),
    ),
    Statistic(
        "7. The arithmetic of the Sales Math",
        "750 activities, 15 discovery calls, 9 demos, a third of them written as 33 % (a VP Sales "
        "at Iterable, worked example). These are inputs: this checks the simulator, not the model.",
        (
            Row("activities", 'sales_math("activities_mean")', exactly(750)),
            Row("discovery calls", 'sales_math("reached_mean", "discovery")', exactly(15)),
            Row("demos", 'sales_math("reached_mean", "demo")', exactly(9)),
            Row("deals", 'sales_math("reached_mean", "won")', exactly(2.97)),
            Row("bookings", 'sales_math("bookings_mean")', exactly(249_480)),
        ),
    ),
    Statistic(
        "8. From discovery call to won",
        "Published: 25 to 35 % SMB and 8 to 15 % strategic, a median of 15 % above $100k, 21 % "
        "over all (Salesmotion, 2026, via HubSpot, C), 19 % (Bridge Group, via Storylane, C), "
        "22.6 % (IBM sample, 78 025 opportunities, A on arithmetic, B- on origin). Ours follow "
        "from the presets' conversions, which were chosen with these figures in sight.",
        (
            Row("transactional_smb", 'win_rate("transactional_smb")', between(0.25, 0.35),
                "0.65 x 0.38, by three thousandths; the 38 % from demo to won are published too "
                "(ICONIQ, via Omega Point, C)"),
            Row("mid_market", 'win_rate("mid_market")', between(0.19, 0.226)),
            Row("enterprise", 'win_rate("enterprise")', about(0.15)),
            Row("strategic", 'win_rate("strategic")', between(0.08, 0.15)),
        ),
    ),
    Statistic(
        "9. Open opportunities of an enterprise rep",
        "Published examples: 16 (Kellogg, 2019) and 21 (Balderton, 2023), both B-.",
        (Row("enterprise", 'open_opportunities("enterprise")', between(16, 21),
             "in the preset every loss takes 1.8 times as long as a win, so that an opportunity "
             "stays 144 days; 16 to 21 take 90 to 118, losses that leave early"),),
    ),
    Statistic(
        "10. Old opportunities",
        "Of those older than twice the mean cycle of won ones 8.7 % are won, of those older than "
        "38 days, 4.4 cycles, 7 %, of all 22.6 % (IBM sample, as above): 0.385 and 0.31 of the "
        "rate of all. Theirs is the age since the start, ours the age since the demo.",
        (
            Row("mid_market, beyond 2 cycles", 'aged("mid_market", 2)', about(0.385)),
            Row("mid_market, beyond 4.4 cycles", 'aged("mid_market", 4.4)', about(0.31)),
        ),
    ),
    Statistic(
        "11. Attempts to reach a lead",
        "93 % of the leads that convert are reached by the 6th call (Velocify, B): a chance of "
        "0.36 at each.",
        (Row("reached by the 6th attempt", None, None,
             "the model has no attempts; an activity leads to a discovery call or does not"),),
    ),
    Statistic(
        "12. Value in few deals",
        "The largest fifth of wins holds 73 % of the value, the largest tenth 55 % (IBM sample, "
        "17 294 wins of all segments together). Ours: the deals of one rep of each of the four "
        "presets together, and of one alone.",
        (
            Row("four presets, largest fifth", "top_share(SEGMENTS, 0.2)", about(0.73)),
            Row("four presets, largest tenth", "top_share(SEGMENTS, 0.1)", about(0.55)),
            Row("enterprise alone, largest fifth", 'top_share(("enterprise",), 0.2)', about(0.73),
                "one segment; the sample is of all together, and so are the rows above"),
            Row("enterprise alone, largest tenth", 'top_share(("enterprise",), 0.1)', about(0.55),
                "as above"),
        ),
    ),
)  # fmt: skip
ROWS = tuple(row for statistic in STATISTICS for row in statistic.rows)

if __name__ == "__main__":
    main()
