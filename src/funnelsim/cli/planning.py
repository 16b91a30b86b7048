"""Commands that hold plans against each other: compare, sweep, sensitivity, bridge."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from funnelsim.cli import completion
from funnelsim.cli.delivery import Delivery
from funnelsim.cli.examples import examples
from funnelsim.cli.files import Named, Then, plan_of
from funnelsim.cli.long_work import kept_progress, tell_memory
from funnelsim.cli.options import (
    Drawn,
    Method,
    Wanted,
    cluster_option,
    delivery_options,
    draws_options,
    files_argument,
    goal_options,
    method_option,
    named_options,
    scenario_options,
    set_option,
    store_option,
    variant_option,
)
from funnelsim.cli.process import progress_bar
from funnelsim.cli.values import (
    OneOf,
    WholeWithin,
    numbers_by_name,
    ranges_by_path,
    swept_values,
    texts_by_name,
)

if TYPE_CHECKING:
    from funnelsim.scenario.model import Scenario

BASE = "base"
DRAWS = 100_000
OF_A_CELL = 20_000


@examples(
    "funnelsim compare sales_math",
    "funnelsim compare sales_math --variant floor --variant whales",
    "funnelsim compare sales_math enterprise --confidence 0.95",
)
@click.command()
@files_argument
@set_option
@variant_option(
    "--variant", "variants", multiple=True,
    about="Of one file: compare its base with this; repeatable. Default: with all of them.",
)  # fmt: skip
@method_option
@draws_options(None, f"{DRAWS:,}, of teams 10,000")
@click.option(
    "--precision", type=float, metavar="P",
    help="Draw until differences are known to within P: 0.002 is 0.2 points. Not if exact.",
)  # fmt: skip
@click.option(
    "--confidence", type=float, metavar="C",
    help="Draw until the best is known with this probability, such as 0.95. Not if exact.",
)  # fmt: skip
@click.option(
    "--most-draws", metavar="N", type=WholeWithin(1, 2**32), help="Stop there in any case."
)
@cluster_option
@delivery_options(".nc, .csv or .json, every number")
def compare(
    files: tuple[str, ...],
    changes: tuple[str, ...],
    variants: tuple[str, ...],
    method: Method,
    drawn: Drawn[int | None],
    precision: float | None,
    confidence: float | None,
    most_draws: int | None,
    cluster: str | None,
    out: Delivery,
) -> None:
    """Tell which plan is better, by how much, and how sure that is.

    Plans are several files, or one file and its variants. The first is what the others are held
    against. What the twin covers is exact; the rest, and who beats whom in the same world, takes
    draws on shared luck. So do teams, which are told by quarter and year, and not ranked.
    """
    rules = {"--draws": drawn.draws, "--precision": precision, "--confidence": confidence}
    stated = [option for option, value in rules.items() if value is not None]
    if len(stated) > 1:
        raise click.UsageError(f"{' and '.join(stated)}: each says when to stop. Give one.")
    if most_draws is not None and stated in ([], ["--draws"]):
        raise click.UsageError("--most-draws is for --precision or --confidence.")
    plans = _plans(files, changes, variants)
    from funnelsim.analysis.answers import TEAM_DRAWS
    from funnelsim.analysis.compare.compare import MOST_DRAWS
    from funnelsim.analysis.compare.compare import compare as compared
    from funnelsim.analysis.seats import reads_as_team
    from funnelsim.report.compare import compare_text
    from funnelsim.report.team_compare import team_compare_text

    of_teams = any(map(reads_as_team, plans.values()))
    with progress_bar("plans side by side") as progress:
        told = compared(
            plans,
            draws=drawn.draws if stated else TEAM_DRAWS if of_teams else DRAWS,
            seed=drawn.seed,
            threads=drawn.threads,
            cluster=cluster,
            method=method,
            precision=precision,
            confidence=confidence,
            most_draws=most_draws or MOST_DRAWS,
            progress=progress,
        )
    out.deliver(
        [told],
        lambda: team_compare_text(plans, told) if of_teams else compare_text(plans, told),
        "team_compare.plans_made" if of_teams else "compare.differences",
        Named(files[0], changes, None).then("the page for whoever decides", "report", *files[1:]),
    )


def _plans(
    files: tuple[str, ...], changes: tuple[str, ...], variants: tuple[str, ...]
) -> dict[str, Scenario]:
    """Return the plans that are compared, by short names."""
    if len(files) > 1:
        if variants:
            raise click.UsageError("--variant is of one file. Name one, or compare whole files.")
        if len(set(files)) < len(files):
            raise click.UsageError("FILE: one stands twice. State it once.")
        short = [Path(file).stem for file in files]
        names = short if len(set(short)) == len(short) else files
        return {name: plan_of(file, changes) for name, file in zip(names, files, strict=True)}
    file = files[0]
    whole = plan_of(file)
    chosen = variants or tuple(whole.variants)
    if not chosen:
        raise click.UsageError(f"{file} states no variants. Name a second FILE to compare with.")
    base = BASE
    while base in chosen:  # a variant may be called anything
        base = f"{base} (file)"
    return {base: plan_of(file, changes)} | {name: plan_of(file, changes, name) for name in chosen}


@examples(
    "funnelsim sweep sales_math --over activity.per_quarter=500:1000:100",
    "funnelsim sweep sales_math --over stages.won.conversion=0.25,0.3",
)
@click.command()
@scenario_options
@click.option(
    "--over", metavar="PATH=FROM:TO:STEP", multiple=True, required=True, callback=swept_values,
    help="Values of a path, or a list: PATH=A,B,C; repeatable.",
    shell_complete=completion.assignments,
)  # fmt: skip
@method_option
@draws_options(OF_A_CELL)
@cluster_option
@store_option("cells")
@delivery_options(".nc, .csv or .json, every cell")
def sweep(
    named: Named,
    over: dict[str, list[float] | list[str]],
    method: Method,
    drawn: Drawn[int],
    cluster: str | None,
    store: str | None,
    out: Delivery,
) -> None:
    """Answer every combination of values at some paths of a plan."""
    if out.ending == ".nc" and any("/" in path for path in over):
        raise click.UsageError("-o: a .nc file cannot name a path with a slash. Write .csv.")
    plan = named.plan()
    from funnelsim.analysis.sweep.sweep import sweep as swept
    from funnelsim.report.sweep import sweep_text

    if method == "simulated":  # else nobody knows how many cells are
        cells = prod(map(len, over.values()))
        tell_memory(plan, drawn.draws, drawn.threads, "streamed", times=cells)
    with kept_progress("sweep", store, "cells") as progress:
        told = swept(
            plan,
            over,
            draws=drawn.draws,
            seed=drawn.seed,
            threads=drawn.threads,
            cluster=cluster,
            method=method,
            store=store,
            progress=progress,
        )
    out.deliver(
        [told], lambda: sweep_text(plan, told), "sweep.sweep", _solved(named, next(iter(over)))
    )


@examples(
    "funnelsim sensitivity sales_math",
    "funnelsim sensitivity sales_math --benchmark won=0.4",
)
@click.command()
@scenario_options
@click.option(
    "--lever", "levers", metavar="PATH=LOW:HIGH", multiple=True, callback=ranges_by_path,
    help="Move this lever so far; repeatable. Default: every one that may matter, by --step.",
    shell_complete=completion.assignments,
)  # fmt: skip
@click.option("--step", type=float, default=0.10, show_default=True, help="Relative, to each side.")
@click.option(
    "--benchmark", metavar="STAGE=VALUE", multiple=True, callback=numbers_by_name,
    help="Also: what lifting a stage's conversion (or any PATH) there adds; repeatable.",
)  # fmt: skip
@click.option(
    "--interactions", is_flag=True, help="Also move all levers together; takes the exact twin."
)
@goal_options
@method_option
@draws_options(DRAWS)
@delivery_options(".nc, .csv or .json, every number")
def sensitivity(
    named: Named,
    levers: dict[str, tuple[float, float]],
    step: float,
    benchmark: dict[str, float],
    interactions: bool,
    wanted: Wanted,
    method: Method,
    drawn: Drawn[int],
    out: Delivery,
) -> None:
    """Tell which lever matters most, and with --benchmark where to coach first."""
    if benchmark and out.ending == ".nc":
        raise click.UsageError("-o: a .nc file has no room for benchmarks. Write .csv or .json.")
    plan = named.plan()
    from funnelsim.analysis.levers.coaching import coaching_point
    from funnelsim.analysis.levers.sensitivity import sensitivity as moved
    from funnelsim.report.sensitivity import sensitivity_text

    goal = wanted.goal()
    coached = []
    if benchmark:  # first: it may refuse what was asked
        with progress_bar("where to coach") as progress:
            coached.append(
                coaching_point(
                    plan,
                    benchmark,
                    goal=goal,
                    method=method,
                    draws=drawn.draws,
                    seed=drawn.seed,
                    threads=drawn.threads,
                    progress=progress,
                )
            )
    with progress_bar("levers", "steps") as progress:
        told = moved(
            plan,
            levers or None,
            step=step,
            goal=goal,
            method=method,
            draws=drawn.draws,
            seed=drawn.seed,
            interactions=interactions,
            threads=drawn.threads,
            progress=progress,
        )
    results = [told, *coached]
    out.deliver(
        results,
        lambda: sensitivity_text(plan, goal, *results),
        "interactions.interactions" if interactions else "tornado.tornado",
        _solved(named, str(told["lever"].values[0]), *wanted.words())
        if told.sizes["lever"]
        else None,
    )


def _solved(named: Named, path: str, *goal: str) -> Then:
    return named.then("how much makes it 8 of 10", "solve", "--for", path, *goal)


@examples(
    "funnelsim bridge sales_math --to floor",
    "funnelsim bridge sales_math --to whales --of bookings",
)
@click.command()
@named_options("Begin with a variant that FILE states.")
@click.argument("other", required=False, shell_complete=completion.files)
@variant_option("--to", about="End with a variant of OTHER, or else of FILE.")
@click.option(
    "--factor", "factors", metavar="NAME=PATH,PATH", multiple=True, callback=texts_by_name,
    help="Changes that count as one; repeatable. A path stands for all below it.",
)  # fmt: skip
@click.option(
    "--of", "amount_of", type=OneOf(["probability", "bookings"]), default="probability",
    show_default=True, help="What is explained: how often quota is made, or mean bookings.",
)  # fmt: skip
@goal_options
@method_option
@draws_options(DRAWS)
@delivery_options(".nc, .csv or .json, every number")
def bridge(
    named: Named,
    other: str | None,
    to: str | None,
    factors: dict[str, list[str]],
    amount_of: Literal["probability", "bookings"],
    wanted: Wanted,
    method: Method,
    drawn: Drawn[int],
    out: Delivery,
) -> None:
    """Tell what each change contributes to the difference between two plans.

    From FILE to OTHER, or between variants: funnelsim bridge FILE --to NAME
    """
    if other is None and to is None:
        raise click.UsageError("where to? Name OTHER, or a variant of FILE with --to.")
    begin = named.plan()
    end = plan_of(named.file if other is None else other, named.changes, to)
    from funnelsim.analysis.levers.bridge import bridge as bridged
    from funnelsim.report.bridge import bridge_text

    goal = wanted.goal()
    with progress_bar("what each change adds") as progress:
        told = bridged(
            begin,
            end,
            factors=factors or None,
            goal=goal,
            amount_of=amount_of,
            method=method,
            draws=drawn.draws,
            seed=drawn.seed,
            threads=drawn.threads,
            progress=progress,
        )
    out.deliver(
        [told],
        lambda: bridge_text(begin, goal, told),
        "bridge.bridge",
        named.then("which lever moves it most", "sensitivity", *wanted.words()),
    )
