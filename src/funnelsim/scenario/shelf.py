"""The presets as they lie on the shelf: their names, and what each states."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import tomli

FOLDER = Path(__file__).parent / "presets"


@cache
def names() -> tuple[str, ...]:
    """Return the names of the presets."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def text_of(name: str) -> str:
    """Return the file of a preset."""
    return (FOLDER / f"{name}.toml").read_text(encoding="utf-8")


@cache
def data_of(name: str) -> dict[str, Any]:
    """Return what a preset states; not to be changed."""
    return tomli.loads(text_of(name))
