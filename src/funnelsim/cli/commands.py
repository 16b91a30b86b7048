"""The command line: parse, call, print.

Numbers come from the library and sentences from ``report``. Whatever is heavy is imported inside
the command that needs it, so that help and ``validate`` answer at once.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from funnelsim.cli.completion import completion
from funnelsim.cli.delivery import Delivery
from funnelsim.cli.economics import economics
from funnelsim.cli.examples import examples
from funnelsim.cli.files import Named, Then
from funnelsim.cli.long_work import kept_progress, tell_memory
from funnelsim.cli.options import (
    Drawn,
    cluster_option,
    delivery_options,
    draws_options,
    json_option,
    scenario_options,
    store_option,
)
from funnelsim.cli.planning import bridge, compare, sensitivity, sweep
from funnelsim.cli.process import Commands
from funnelsim.cli.reporting import report
from funnelsim.cli.sizing import headcount
from funnelsim.cli.solving import coverage, mix, quota, solve
from funnelsim.cli.values import Whole, WholeWithin, ending, folder, observed_pairs
from funnelsim.cli.warming import warmup
from funnelsim.errors import ScenarioError

if TYPE_CHECKING:
    from funnelsim.analysis.answers import Answer

DRAWS = 100_000


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="funnelsim")
@click.option(
    "--color/--no-color", "color", default=None,
    help="Default: on a terminal, unless NO_COLOR is set.",
)  # fmt: skip
@click.pass_context
def main(context: click.Context, color: bool | None) -> None:
    """Tell how likely a sales plan is to make quota.

    FILE is a scenario file, or the name of a preset. Begin with: funnelsim demo
    """
    context.color = False if color is None and os.environ.get("NO_COLOR") else color
    # A search through all installed packages, which takes a tenth of the time of a short command.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # for names that the terminal has no letters for
            stream.reconfigure(errors="replace")


@examples(
    "funnelsim demo",
    "funnelsim demo --draws 20_000 -o sales-math.png",
)
@main.command()
@draws_options(DRAWS)
@click.option(
    "-o", "--output", metavar="OUT.png", default="funnelsim-demo.png", show_default=True,
    callback=ending(".png"), help="Where the picture goes.",
)  # fmt: skip
def demo(drawn: Drawn[int], output: str) -> None:
    """Show the Sales Math, end to end, with its picture."""
    from funnelsim.report.demo import demo as numbers_of
    from funnelsim.report.demo import demo_text, save_picture

    numbers = numbers_of(draws=drawn.draws, seed=drawn.seed, threads=drawn.threads)
    save_picture(numbers, output)
    click.echo(demo_text(numbers, str(Path(output).resolve())))


@examples(
    "funnelsim new scenario.toml",
)
@main.command()
@click.argument("file", default="scenario.toml", callback=ending(".toml"))
def new(file: str) -> None:
    """Write a commented scenario file to begin with."""
    from funnelsim.results.export import json_text
    from funnelsim.scenario.files import json_schema, starter
    from funnelsim.writing import write_text

    schema = Path(file).with_name("scenario.schema.json")
    if Path(file).exists():
        raise click.BadParameter(f"'{file}' exists already; it is not overwritten.")
    if not schema.exists():
        write_text(schema, json_text(json_schema()))
    write_text(file, starter())
    click.echo(f"Wrote {file} (and {schema.name}, for completion in editors). Now:")
    click.echo("  edit it, every key is explained in it")
    click.echo(f"  funnelsim validate {file}")
    click.echo(f"  funnelsim simulate {file}")


@examples(
    "funnelsim simulate sales_math",
    "funnelsim simulate sales_math --set activity.per_quarter=900 --set quota.per_quarter=300_000",
    "funnelsim simulate sales_math --variant floor --draws 50_000 -o floor.csv",
    "funnelsim simulate three_segments --draws 2_000 --json",
)
@main.command()
@scenario_options
@draws_options(None, "100,000, of a team 10,000")
@cluster_option
@store_option("draws")
@delivery_options(".nc (every draw), .csv or .json (the summary)")
def simulate(
    named: Named,
    drawn: Drawn[int | None],
    cluster: str | None,
    store: str | None,
    out: Delivery,
) -> None:
    """Simulate one scenario: a rep, exact values beside it, or a team and its plan."""
    plan = named.plan()
    from funnelsim.analysis.answers import checked, draws_of, save_answer, simulated
    from funnelsim.report.answer_picture import save_answer_picture
    from funnelsim.report.team import answer_text

    keep = out.ending == ".nc"
    draws = draws_of(plan, drawn.draws)
    tell_memory(plan, draws, drawn.threads, "samples" if keep else "streamed")
    with kept_progress("simulation", store) as progress:
        answer = simulated(
            plan,
            draws=draws,
            seed=drawn.seed,
            threads=drawn.threads,
            cluster=cluster,
            keep_samples=keep,
            store=store,
            progress=progress,
        )
    out.print(
        answer.as_json,
        partial(save_answer, answer),
        lambda: answer_text(answer, checked),
        _then(named, answer),
        partial(save_answer_picture, answer, threads=drawn.threads),
    )


def _then(named: Named, answer: Answer) -> Then:
    """Return what may be asked next."""
    if answer.of_team:
        return named.then("how many reps it takes", "headcount")
    return named.then("which lever moves it most", "sensitivity")


@examples(
    "funnelsim exact sales_math",
    "funnelsim exact sales_math --set stages.won.conversion=0.4 --json",
)
@main.command()
@scenario_options
@delivery_options(".nc (the summary by quarter), .csv or .json", picture=False)
def exact(named: Named, out: Delivery) -> None:
    """Compute one scenario exactly, without noise."""
    plan = named.plan()
    from funnelsim.analysis.answers import computed, save_answer
    from funnelsim.report.team import answer_text

    answer = computed(plan)
    out.print(
        answer.as_json,
        partial(save_answer, answer),
        lambda: answer_text(answer),
        _then(named, answer),
    )


@examples(
    "funnelsim luck sales_math",
    "funnelsim luck sales_math --reps 30 --observed close_rate=0.46:0.25",
)
@main.command()
@scenario_options
@draws_options(DRAWS, least=2)
@cluster_option
@store_option("draws", " Those of --reps stand beside it, in OUT-reps.nc.")
@delivery_options(".nc, .csv or .json, every number", picture=False)
@click.option(
    "--lag",
    metavar="N",
    type=WholeWithin(0, 3),
    default=0,
    show_default=True,
    help="Quarters from a KPI to the quota that it is held against.",
)
@click.option(
    "--pictures", metavar="FOLDER", callback=folder, help="Also draw the pictures into a folder."
)
@click.option(
    "--reps", metavar="N", type=Whole(), help="Also: luck or skill, in a team of so many reps?"
)
@click.option(
    "--quarters",
    metavar="N",
    type=Whole(),
    help="Quarters that the team was observed. Default: the horizon.",
)
@click.option(
    "--observed", metavar="MEASURE=TOP:BOTTOM", multiple=True, callback=observed_pairs,
    help="What its top and bottom third show, by bookings: close_rate=0.46:0.25, "
    "deal_size=160_000:70_000 or attainment; repeatable.",
)  # fmt: skip
def luck(
    named: Named,
    drawn: Drawn[int],
    cluster: str | None,
    store: str | None,
    out: Delivery,
    lag: int,
    pictures: str | None,
    reps: int | None,
    quarters: int | None,
    observed: dict[str, tuple[float, float]],
) -> None:
    """Tell how much of making quota is luck, and what KPIs do about it."""
    if reps is None and (quarters is not None or observed):
        raise click.UsageError("--quarters and --observed are about a team. Add --reps.")
    if reps is not None and out.ending == ".nc":
        raise click.UsageError("-o: a .nc file has no room for a team. Write .csv or .json.")
    plan = named.plan()
    from funnelsim.analysis.luck.luck import luck as luck_of
    from funnelsim.analysis.luck.thirds import luck_or_skill
    from funnelsim.engine.blocks import shared_cluster
    from funnelsim.report.luck import luck_text

    tell_memory(plan, drawn.draws, drawn.threads, "luck", times=None)
    teams = []
    with shared_cluster(drawn.threads, cluster) as (own, client):
        if reps is not None:  # first: it may refuse what was asked
            beside = (
                None if store is None else str(Path(store).with_stem(f"{Path(store).stem}-reps"))
            )
            with kept_progress("luck or skill", beside) as progress:
                team = luck_or_skill(
                    plan,
                    reps=reps,
                    quarters=plan.calendar.quarters if quarters is None else quarters,
                    observed=observed,
                    draws=drawn.draws,
                    seed=drawn.seed,
                    threads=own,
                    cluster=client,
                    store=beside,
                    progress=progress,
                )
            teams.append(team)
        with kept_progress("luck", store) as progress:
            found = luck_of(
                plan,
                draws=drawn.draws,
                seed=drawn.seed,
                threads=own,
                cluster=client,
                store=store,
                progress=progress,
            )
    results = [found, *teams]
    if pictures is not None:
        from funnelsim.report.luck_pictures import save_pictures

        for line in save_pictures(plan, results[0], pictures, lag=lag, threads=drawn.threads):
            click.echo(line, err=True)
    out.deliver(
        results,
        lambda: luck_text(plan, *results, lag=lag),
        then=named.then("which lever moves it most", "sensitivity"),
    )


@examples(
    "funnelsim validate sales_math",
    "funnelsim validate sales_math --json",
)
@main.command()
@scenario_options
@json_option
def validate(named: Named, as_json: bool) -> None:
    """Check a scenario, and say what in it is probably not meant."""
    from funnelsim.report.validation import verdict_json, verdict_text
    from funnelsim.scenario.lint import lint

    try:
        warnings = lint(named.plan())
    except ScenarioError as error:
        if as_json:
            click.echo(verdict_json(named.file, error.problems, ()), nl=False)
        raise
    if as_json:
        click.echo(verdict_json(named.file, (), warnings), nl=False)
    else:
        click.echo(verdict_text(named.file, warnings))


@examples(
    "funnelsim schema > scenario.schema.json",
)
@main.command()
def schema() -> None:
    """Print the JSON Schema of scenario files."""
    from funnelsim.results.export import json_text
    from funnelsim.scenario.files import json_schema

    click.echo(json_text(json_schema()), nl=False)


@examples(
    "funnelsim presets",
)
@main.command()
@json_option
def presets(as_json: bool) -> None:
    """List the scenarios that come with funnelsim, and their variants."""
    from funnelsim.report.validation import presets_json, presets_text

    click.echo(presets_json() if as_json else presets_text(), nl=False)


for command in (
    compare,
    sweep,
    sensitivity,
    bridge,
    solve,
    coverage,
    quota,
    mix,
    headcount,
    economics,
    report,
    warmup,
    completion,
):
    main.add_command(command)
