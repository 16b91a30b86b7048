"""report(): one self-contained HTML page about a plan, for whoever decides about it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

from funnelsim.analysis.answers import TEAM_DRAWS
from funnelsim.analysis.board.company import ask_about_company
from funnelsim.analysis.board.effort import FEWEST_DRAWS, MOST_DRAWS, Effort, Watch
from funnelsim.analysis.board.rep import ask_about_rep
from funnelsim.analysis.seats import reads_as_team
from funnelsim.errors import ArgumentError
from funnelsim.report.page.content import Content
from funnelsim.report.page.elements import Cell
from funnelsim.report.page.page import Made, rendered
from funnelsim.report.page.rep import first_of_rep
from funnelsim.report.page.rep_sections import sections_of_rep
from funnelsim.report.page.sources import assumed_of
from funnelsim.report.page.team import first_of_company
from funnelsim.report.page.team_sections import sections_of_company
from funnelsim.report.page.whatif import steps_together, what_if_of_company, what_if_of_rep
from funnelsim.report.plots.inline import Pictures
from funnelsim.scenario.files import dumps
from funnelsim.scenario.given import check_scenarios
from funnelsim.scenario.model import Scenario
from funnelsim.writing import write_text

Progress = Callable[[int, int], None]

DRAWS, FEW_DRAWS = 20_000, TEAM_DRAWS // 5
PARTS_OF_REP = {  # what is worked on, in its order
    "quarters": "how likely",
    "sensitivity": "levers",
    "solve": "what it takes",
    "quota": "a lower quota",
    "sweep": "sliders",
    "luck": "luck",
    "compare": "plans side by side",
    "bridge": "what each change adds",
    "page": "the page",
}
PARTS_OF_TEAM = {
    "team": "how likely",
    "sensitivity": "levers",
    "headcount": "how many reps",
    "map": "reps and activity",
    "next_step": "next steps",
    "target": "a lower target",
    "sweep": "sliders",
    "compare": "plans side by side",
    "page": "the page",
}
OF_PLANS = ("compare", "bridge")  # parts of a page about more than one
LIMITS = (
    "What the model leaves out: no rush at the end of a quarter, win rates that do not depend on "
    "deal size, a market that moves entries only, and reps who do not react to being ahead or "
    "behind. A number is as good as the assumptions above: changing one there changes the answer "
    "here."
)
REP_METHOD = (
    "The model follows one rep week by week: activities become opportunities, these pass from "
    "stage to stage or are lost, take their time, close at a size drawn from its law, and lucky "
    "windfalls come on top. How often quota is made is computed exactly where the mathematics of "
    "compound distributions covers the plan, and simulated elsewhere; what is exact has no ±."
)
TEAM_METHOD = (
    "The model follows every seat week by week: activities become opportunities, these pass from "
    "stage to stage or are lost, take their time, and close at a size drawn from its law. Seats "
    "ramp, fall empty and are filled again; the market and what is not known move all of them "
    "together. All numbers of the team are simulated."
)
ERRORS = (
    "± is one standard error of the simulation: it says how far a number is from what endless "
    "draws would give, not how uncertain the future is. What was only observed (KPIs hit and "
    "quota made together) is called observed; what a rule would bring is a run of its own, on the "
    "same luck."
)


def report(
    plans: Scenario | Mapping[str, Scenario],
    path: str | os.PathLike[str] | None = None,
    *,
    seed: int,
    draws: int | None = None,
    text: str | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> str:
    """Make a page about a plan: the answer first, then what it rests on and what it would take.

    One HTML file without any request to elsewhere: pictures, tables, sliders over a sweep, every
    assumption with its source, and the scenario itself. The same input gives the same bytes.

    Parameters
    ----------
    plans : Scenario, or mapping of str to Scenario
        One plan, with which its variants are compared; or several by name, the first being the
        page's own.
    path : path, optional
        Where to write the page, whole or not at all.
    seed : int
    draws : int, optional
        1,000 to 100,000. Default: 20,000; of a team 2,000. What looks at many plans takes a share
        of them: half for luck, a fifth for levers, a tenth for each cell of the sliders; of a team
        half for each.
    text : str, optional
        The file that the first plan was read from: its comments say where numbers come from.
    threads : int, optional
        Defaults to the processors that this process may use.
    progress : callable, optional
        Called with (parts done, parts in all).
    watch : callable, optional
        Called with what is worked on, such as "2 of 9: levers", as each part begins. What it
        returns, unless None, is called with (done, in all) meanwhile, in whatever the part counts.

    Returns
    -------
    str
        The page.

    Raises
    ------
    ArgumentError
        Where an argument is out of range, or nobody of a team books anything.
    OSError
        Where the file cannot be written.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("strategic").replace({"calendar.quarters": 1})
    >>> page = fs.report(plan, draws=1_000, seed=1)
    >>> page.count("<h1>"), "https://" in page
    (1, False)
    """
    known = _by_name(plans)
    of_team = any(map(reads_as_team, known.values()))
    if draws is not None and not FEWEST_DRAWS <= draws <= MOST_DRAWS:
        raise ArgumentError(f"draws = {draws}: must be from {FEWEST_DRAWS:,} to {MOST_DRAWS:,}.")
    effort = Effort(draws or (FEW_DRAWS if of_team else DRAWS), seed, threads)
    words = {
        part: said
        for part, said in (PARTS_OF_TEAM if of_team else PARTS_OF_REP).items()
        if len(known) > 1 or part not in OF_PLANS
    }

    def begin(part: str) -> Progress | None:
        done = list(words).index(part)  # parts that this plan does not need are passed over
        if progress is not None:
            progress(done, len(words))
        return None if watch is None else watch(f"{done + 1} of {len(words)}: {words[part]}")

    pictures = Pictures()
    content, about = (_team if of_team else _rep)(known, effort, begin, pictures, text)
    made = Made(
        versions={
            "funnelsim": str(about["funnelsim_version"]),
            "numpy": str(about["numpy_version"]),
            "numba": str(about["numba_version"]),
            "matplotlib": version("matplotlib"),
            "random stream": str(about["stream_version"]),
        },
        seed=seed,
        draws=effort.draws,
        scenario=str(about["scenario_sha256"]),
        files={name: dumps(each) for name, each in known.items()},
    )
    page = rendered(content, made, pictures.css)
    if path is not None:
        write_text(path, page)
    if progress is not None:
        progress(len(words), len(words))
    return page


def _by_name(plans: Scenario | Mapping[str, Scenario]) -> dict[str, Scenario]:
    """Return the plans by name: of a single one itself and its variants."""
    if not isinstance(plans, Scenario):
        check_scenarios(plans)
        return dict(plans)
    base = "as planned"
    while base in plans.variants:  # a variant may be called anything
        base = f"{base} (file)"
    return {base: plans} | {name: plans.variant(name) for name in plans.variants}


def _rep(
    plans: dict[str, Scenario],
    effort: Effort,
    watch: Watch,
    pictures: Pictures,
    text: str | None,
) -> tuple[Content, Mapping[Any, Any]]:
    found = ask_about_rep(plans, effort, watch)
    watch("page")
    assumed = assumed_of(found.plan, text)
    what_if = what_if_of_rep(found)
    together = steps_together(what_if) if what_if else ()
    first = first_of_rep(found, assumed, together, pictures)
    method: list[Cell] = [REP_METHOD, ERRORS]
    if "exact" in found.refused:
        method.append(f"Not exact here: {found.refused['exact']}")
    content = Content(
        title=found.plan.name,
        kind="one rep",
        first=first,
        what_if=what_if,
        sections=list(sections_of_rep(found, pictures)),
        assumed=assumed,
        currency=found.plan.currency,
        method=[*method, LIMITS],
    )
    return content, found.simulated.attrs


def _team(
    plans: dict[str, Scenario],
    effort: Effort,
    watch: Watch,
    pictures: Pictures,
    text: str | None,
) -> tuple[Content, Mapping[Any, Any]]:
    found = ask_about_company(plans, effort, watch)
    watch("page")
    assumed = assumed_of(next(iter(plans.values())), text)
    seats, what_if = found.plan.seats, what_if_of_company(found)
    together = steps_together(what_if) if what_if else ()
    content = Content(
        title=found.plan.name,
        kind=f"a team of {seats:,} seat{'' if seats == 1 else 's'}",
        first=first_of_company(found, assumed, together, pictures),
        what_if=what_if,
        sections=list(sections_of_company(found, pictures)),
        assumed=assumed,
        currency=found.plan.currency,
        method=[TEAM_METHOD, ERRORS, LIMITS],
    )
    return content, found.answer.quarterly.attrs
