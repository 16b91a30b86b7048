"""What ``validate`` and ``presets`` say. Nothing heavy is loaded for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from funnelsim.errors import Problem
from funnelsim.scenario.files import preset, presets


def verdict_text(source: str, warnings: Iterable[Problem]) -> str:
    """Return what is said of a valid scenario.

    Examples
    --------
    >>> verdict_text("plan.toml", [])
    'plan.toml: valid'
    """
    lines = [f"  {warning}" for warning in warnings]
    said = f"valid, but look at {len(lines)} of its values" if lines else "valid"
    return "\n".join([f"{source}: {said}", *lines])


def verdict_json(source: str, problems: Iterable[Problem], warnings: Iterable[Problem]) -> str:
    """Return the verdict on a scenario as a JSON text."""
    from funnelsim.results.export import json_text  # not for text: it takes its time

    stated = {
        "problems": [asdict(each) for each in problems],
        "warnings": [asdict(each) for each in warnings],
    }
    return json_text({"file": source, "valid": not stated["problems"], **stated})


def presets_text() -> str:
    """Return the presets and their variants, a line each."""
    lines = []
    for name in presets():
        plan = preset(name)
        lines.append(f"{name:<24}{plan.name}")
        lines += [f"  --variant {_shell_word(variant)}" for variant in plan.variants]
    return "".join(f"{line}\n" for line in lines)


def presets_json() -> str:
    """Return the presets and their variants as a JSON text."""
    from funnelsim.results.export import json_text

    plans = {name: preset(name) for name in presets()}
    return json_text(
        {
            "presets": [
                {"preset": name, "scenario": plan.name, "variants": list(plan.variants)}
                for name, plan in plans.items()
            ]
        }
    )


def _shell_word(word: str) -> str:
    return f'"{word}"' if " " in word else word
