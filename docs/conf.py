"""Sphinx configuration: everything is built from the tree, nothing is fetched when read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

import pictures
import seat_pictures
import tables

project = "funnelsim"
author = "The funnelsim developers"
copyright = "2026, The funnelsim developers"
release = version = installed_version("funnelsim")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "verification-table.md"]  # included by verification.md

made = Path(__file__).parent / "_build" / "pictures"
pictures.planning(made)
pictures.sizing(made)
seat_pictures.seats(made)

myst_enable_extensions = ["deflist", "dollarmath", "substitution"]
myst_heading_anchors = 3
myst_substitutions = {
    "variables": tables.variables(),
    "scenario_keys": tables.scenario_keys(),
    "commands": tables.commands(),
    "presets": tables.presets(),
    "address_layout": tables.address_layout(),
    **pictures.luck(made),
}

autodoc_typehints = "none"  # the docstrings say types, dims and units
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False
# Types in docstrings are written for people ("mapping of str to value"), not as references.
nitpicky = False

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "funnelsim"
html_static_path = ["_static"]
html_copy_source = False
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}


def setup(app: Sphinx) -> None:
    """Write formulas as MathML, which browsers show without a script."""
    app.add_html_math_renderer("mathml", (_formula("inline"), None), (_formula("block"), None))


def _formula(display: str) -> Callable[[Any, nodes.Node], None]:
    def visit(translator: Any, node: nodes.Node) -> None:
        translator.body.append(convert(node.astext(), display=display))
        raise nodes.SkipNode

    return visit
