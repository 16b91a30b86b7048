"""Results for other programs: one JSON object, or a long and tidy CSV table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from funnelsim.errors import ResultError
from funnelsim.registry import (
    BY_NAME,
    COMPANY,
    NUMERICAL_ERROR,
    QUARTER_SUMMARIES,
    STANDARD_ERROR,
    SUMMARIES,
    SUMMARY,
)
from funnelsim.results.labelled import kind_of, nested, plain, settings

if TYPE_CHECKING:
    import xarray as xr

# Where each estimate stands in the JSON object of a quarter or a year: the one place that says so.
# Quantiles become keys p10, p50, p90; "[]" is a list of objects that name their stage or KPI.
JSON_KEYS = {
    "attainment_probability": "attainment_probability",
    "repeatable_attainment_probability": "repeatable_attainment_probability",
    "overachievement_probability": "overachievement_probability",
    "no_deal_probability": "no_deal_probability",
    "bookings_mean": "bookings.mean",
    "bookings_sd": "bookings.sd",
    "bookings_quantile": "bookings",
    "windfall_bookings_mean": "windfall_bookings.mean",
    "shortfall_mean": "shortfall.mean",
    "shortfall_given_miss_mean": "shortfall_given_miss.mean",
    "activities_mean": "activities.mean",
    "reached_mean": "stages[].reached",
    "kpi_probability": "kpis[].attainment_probability",
    "kpi_attainment_probability": "kpi_attainment_probability",
    "attainment_given_kpi_hit": "attainment_given_kpi.hit",
    "attainment_given_kpi_missed": "attainment_given_kpi.missed",
    "at_least_probability": "at_least",
}
OF_COMPANY = {variable.name for variable in COMPANY}  # stand by themselves, by name and label
QUANTILES = (0.1, 0.5, 0.9)
MADE_BY = ("draws", "seed", "stream_version", "funnelsim_version", "scenario_sha256")

ASKED = "asked"  # the attribute that only a sweep has

# What a spreadsheet may take for the start of a formula, full-width forms included.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


def as_json(*summaries: xr.Dataset) -> dict[str, Any]:
    """Return results about one scenario as an object that JSON can hold.

    Parameters
    ----------
    *summaries : xarray.Dataset
        Simulated or exact; by quarter (they stand under ``results``) or by year (``years``). Or
        what another function returned, each under its own name (``luck``, ``compare``, ``solve``
        ...), by the names and labels of the Dataset. Or a sweep: ``cells``, each with the values
        ``at`` which it stands, its ``method``, and its ``results`` as those of a summary.

    Returns
    -------
    dict
        Every estimate is ``{"value", "standard_error"}``, or ``numerical_error`` where it was
        computed. The exact law of all seats of a team stands under ``company`` and
        ``company_by_year``, by the names and labels of the Dataset. What is not known is null;
        where there is a reason it stands under ``refused``, by the key of the null. Not a number,
        an average over nothing, is null as well.

    Raises
    ------
    ResultError
        For samples: they are no summaries.

    Examples
    --------
    >>> import funnelsim as fs
    >>> answer = as_json(fs.exact(fs.preset("sales_math")))
    >>> round(answer["results"][0]["attainment_probability"]["value"], 3)
    0.451
    """
    if any(ASKED in each.attrs for each in summaries):
        return _sweep(*summaries)
    if any(kind_of(each) for each in summaries):
        return _by_name(summaries)
    answer: dict[str, Any] = {
        **_heading(summaries[0]),
        "results": None,
        "at_least": None,
        "years": None,
        "refused": {},
    }
    for summary in summaries:
        if "segment" not in summary.dims:
            raise ResultError(
                "samples have no JSON form; save them as .nc or .csv, or summarize them first "
                "with funnelsim.attainment."
            )
        refused = json.loads(summary.attrs.get("refused", "{}"))
        summary = summary.drop_vars(refused, errors="ignore")
        by_year = "year" in summary.dims
        place = "years" if by_year else "results"
        variables = SUMMARIES if by_year else (*SUMMARIES, *QUARTER_SUMMARIES)
        names = [variable.name for variable in variables]
        whole = _whole(summary)
        answer[place] = _periods(whole, "year" if by_year else "quarter", names)
        if not by_year:
            answer["at_least"] = _at_least(whole)
        company = "company_by_year" if by_year else "company"
        if held := [name for name in map(str, summary.data_vars) if _root(name) in OF_COMPANY]:
            answer[company] = nested(summary[held])
        answer["refused"] |= {
            f"{company}.{name}" if _root(name) in OF_COMPANY else _place(place, name): why
            for name, why in refused.items()
        }
    return answer


def json_text(answer: Mapping[str, Any]) -> str:
    """Return an object as strict JSON in ASCII that ends its last line."""
    return json.dumps(answer, indent=1, allow_nan=False) + "\n"


def write_csv(results: Sequence[xr.Dataset], file: TextIO) -> None:
    """Write results as a long table: each row says what made a number, where it stands, and it.

    Parameters
    ----------
    results : sequence of xarray.Dataset
        Samples or summaries; by quarter and by year may stand in one table.
    file : text file
        Opened with ``newline=""``.

    Notes
    -----
    A text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    arrays = [(result, name) for result in results for name in _estimated(result)]
    heads = [
        _frame(result.isel(dict.fromkeys(result.dims, slice(1))), name) for result, name in arrays
    ]
    first, numbers = ["scenario", "method", "draws", "seed", "variable", "unit"], ["value"]
    found = dict.fromkeys(str(column) for head in heads for column in head)
    numbers += [column for column in found if column.endswith("_error")]
    places = [column for column in found if column not in (*first, *numbers)]
    for index, (result, name) in enumerate(arrays):  # one at a time: samples may be large
        table = _frame(result, name).reindex(columns=[*first, *places, *numbers])
        table.to_csv(file, header=index == 0, index=False, lineterminator="\n")


def _heading(result: xr.Dataset) -> dict[str, Any]:
    attrs = result.attrs
    return {
        "scenario": attrs["title"],
        "currency": attrs["currency"],
        "method": attrs["method"],
        **{key: plain(attrs.get(key)) for key in MADE_BY},
    }


def _sweep(*results: xr.Dataset) -> dict[str, Any]:
    """Return the cells of a sweep, the last path moving fastest."""
    if len(results) > 1:
        raise ResultError("a sweep has an object of its own; save results one by one.")
    sweep = results[0]
    names = [name for name in JSON_KEYS if name in sweep]
    refused = json.loads(sweep.attrs.get("refused", "{}"))
    cells = []
    for at, cell in _cells(sweep):
        entry: dict[str, Any] = {"at": at, "method": cell.method}
        entry["results"] = _periods(cell, "quarter", names)
        if "at_least_probability" in names:
            entry["at_least"] = _at_least(cell)
        cells.append(entry)
    return {
        **_heading(sweep),
        "settings": {"sweep": settings(sweep)},
        "over": {str(path): sweep[path].values.tolist() for path in sweep["method"].dims},
        "cells": cells,
        "refused": {_place("cells[].results", name): why for name, why in refused.items()},
    }


def _by_name(results: Sequence[xr.Dataset]) -> dict[str, Any]:
    """Return results by the names and labels of their arrays."""
    answer: dict[str, Any] = {**_heading(results[0]), "settings": {}, "refused": {}}
    for result in results:
        kind = kind_of(result)
        if kind is None or kind in answer:
            raise ResultError("one answer of each kind goes into an object, and no summaries.")
        refused = json.loads(result.attrs.get("refused", "{}"))
        answer[kind] = nested(result)
        answer["settings"][kind] = settings(result) | _made_otherwise(result, answer)
        answer["refused"] |= {f"{kind}.{name}": reason for name, reason in refused.items()}
    return answer


def _made_otherwise(result: xr.Dataset, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a result was made where the head of the object says it otherwise."""
    keys = ("method", "draws", "seed", "stream_version")
    own = {key: plain(result.attrs.get(key)) for key in keys}
    return {key: value for key, value in own.items() if value != answer[key]}


def _root(name: str) -> str:
    """Return the name of an estimate that a variable is, or is the error of."""
    return name.removesuffix(STANDARD_ERROR).removesuffix(NUMERICAL_ERROR)


def _place(place: str, name: str) -> str:
    """Return where in the object a variable, or only its error, stands as null."""
    for error in (STANDARD_ERROR, NUMERICAL_ERROR):
        if name.endswith(error):
            return f"{_place(place, name.removesuffix(error))}.{error[1:]}"
    key = JSON_KEYS[name]
    return key if key == "at_least" else f"{place}.{key}"


@dataclass(frozen=True)
class _Summary:
    """The arrays of a summary, or of a cell of a sweep, by name, and the labels of their dims."""

    arrays: Mapping[str, Any]
    labels: Mapping[str, list[Any]]
    method: str


def _whole(summary: xr.Dataset) -> _Summary:
    arrays = {str(name): array.values for name, array in summary.data_vars.items()}
    return _Summary(arrays, _labels(summary), summary.attrs["method"])


def _cells(sweep: xr.Dataset) -> Iterator[tuple[dict[str, Any], _Summary]]:
    """Yield where each cell stands, and its summary."""
    import numpy as np

    methods, labels = sweep["method"], _labels(sweep)
    arrays = {
        str(name): sweep[name].transpose(*methods.dims, ...).values for name in sweep.data_vars
    }
    places = {str(path): sweep[path].values.tolist() for path in methods.dims}
    for index, method in np.ndenumerate(methods.values):
        at = {path: values[k] for (path, values), k in zip(places.items(), index, strict=True)}
        own = {name: array[index] for name, array in arrays.items()}
        yield at, _Summary(own, labels, str(method))


def _labels(result: xr.Dataset) -> dict[str, list[Any]]:
    return {str(dim): result[dim].values.tolist() for dim in result.dims}


def _periods(summary: _Summary, period: str, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return one object for each segment and period."""
    periods = []
    for i, segment in enumerate(summary.labels["segment"]):
        for j, number in enumerate(summary.labels[period]):
            entry = {"segment": segment, period: number}
            for name in names:
                if name != "at_least_probability":
                    _put(entry, summary, name, (i, j))
            periods.append(entry)
    return periods


def _put(entry: dict[str, Any], summary: _Summary, name: str, index: tuple[int, ...]) -> None:
    """Put the estimates of one variable where its key says."""
    own_dims = BY_NAME[name].dims[len(SUMMARY) :]
    key = JSON_KEYS[name]
    if not own_dims:
        *parents, last = key.split(".")
        for parent in parents:
            entry = entry.setdefault(parent, {})
        entry[last] = _estimate(summary, name, index)
        return
    dim = own_dims[0]
    labels = summary.labels[dim] if name in summary.arrays else None
    if dim == "probability":
        for k, probability in enumerate(labels or QUANTILES):
            estimate = _estimate(summary, name, (*index, k))
            entry.setdefault(key, {})[f"p{100 * probability:g}"] = estimate
    else:
        key, _, inner = key.partition("[].")
        entry[key] = labels and [
            {dim: label, inner: _estimate(summary, name, (*index, k))}
            for k, label in enumerate(labels)
        ]


def _at_least(summary: _Summary) -> list[dict[str, Any]] | None:
    if "at_least_probability" not in summary.arrays:
        return None
    counts = summary.labels["at_least"]
    return [
        {
            "segment": segment,
            "quarters": len(counts),
            "probabilities": [
                _estimate(summary, "at_least_probability", (i, k)) for k in range(len(counts))
            ],
        }
        for i, segment in enumerate(summary.labels["segment"])
    ]


def _estimate(
    summary: _Summary, name: str, index: tuple[int, ...]
) -> dict[str, float | None] | None:
    arrays = summary.arrays
    if name not in arrays:
        return None
    error = NUMERICAL_ERROR if summary.method == "exact" else STANDARD_ERROR
    found = {"value": name, error[1:]: name + error}
    return {
        key: plain(arrays[each][index]) if each in arrays else None for key, each in found.items()
    }


def _estimated(result: xr.Dataset) -> list[str]:
    errors = (STANDARD_ERROR, NUMERICAL_ERROR)
    return [str(name) for name in result.data_vars if not str(name).endswith(errors)]


def _frame(result: xr.Dataset, name: str) -> Any:
    """Return one variable as a pandas table: coordinates, value and error, and what made them.

    A result that has a scenario or a method by label keeps it.
    """
    suffixes = (STANDARD_ERROR, NUMERICAL_ERROR)
    errors = {name + suffix: suffix[1:] for suffix in suffixes if name + suffix in result}
    own = result[[name, *errors]]
    if not own.dims:
        own = own.expand_dims("row")  # a table has one
    frame = own.to_dataframe().reset_index().drop(columns="row", errors="ignore")
    frame = frame.rename(columns={name: "value", **errors})
    if frame["value"].dtype == bool:
        frame["value"] = frame["value"].astype("int8")
    for key, label in (("scenario", "title"), ("method", "method")):
        if key not in frame:  # a result that mixes methods says it of each variable
            frame[key] = result[name].attrs.get(key, result.attrs[label])
    drawn = frame["method"] != "exact"
    for key in ("draws", "seed"):
        if key in result.attrs:
            frame[key] = result.attrs[key]
            frame[key] = frame[key].astype("Int64").where(drawn)
        else:
            frame[key] = None
    frame["variable"], frame["unit"] = name, result[name].attrs.get("units", "")
    for column in frame:
        if frame[column].dtype.kind not in "biuf":
            frame[column] = frame[column].map({v: _harmless(v) for v in frame[column].unique()})
    return frame


def _harmless(cell: Any) -> Any:
    """Return a text that no spreadsheet runs, on one line."""
    if not isinstance(cell, str):
        return cell
    marked = f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
    return re.sub(r"[\r\n]+", " ", marked)
