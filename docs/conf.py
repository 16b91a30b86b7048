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
import speed
import tables

import funnelsim
from funnelsim.report.page.report import report

funnelsim.report = report  # under one name with its room, whose docstring is another

project = "funnelsim"
author = "The funnelsim developers"
copyright = "2026, The funnelsim developers"
release = version = installed_version("funnelsim")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = [
    "_build",
    "background/verification-table.md",  # included by verification.md
    "**/GALLERY_HEADER.rst",
]

speed.speed_history(Path(__file__).parent / "_build" / "pictures")

# Pictures of the pages are those of the gallery, but for the page about luck, whose text says
# numbers of the same plans.
sphinx_gallery_conf = {
    "examples_dirs": "../examples/gallery",
    "gallery_dirs": "gallery",
    "subsection_order": [
        f"../examples/gallery/{each}" for each in ("rep", "planning", "luck", "team", "money")
    ],
    "within_subsection_order": "FileNameSortKey",
    "image_scrapers": ("pictures.sharp",),
    "abort_on_example_error": True,
    "capture_repr": (),
    "download_all_examples": False,
    "write_computation_times": False,
    "show_signature": False,
    "min_reported_time": 3_600,
}

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "substitution"]
myst_heading_anchors = 3
myst_substitutions = {
    "variables": tables.variables(),
    "scenario_keys": tables.scenario_keys(),
    "commands": tables.commands(),
    "presets": tables.presets(),
    "address_layout": tables.address_layout(),
    **pictures.luck(Path(__file__).parent / "_build" / "pictures"),
}

autodoc_typehints = "none"  # the docstrings say types, dims and units
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False
# A name that leads nowhere is a warning, but for types: those of docstrings are written for people
# ("mapping of str to value").
nitpicky = True
nitpick_ignore_regex = [("py:class", ".*"), ("py:exc", ".*")]

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "funnelsim"
html_static_path = ["_static"]
html_css_files = ["funnelsim.css"]
html_sidebars = {"tutorial/*": [], "contributing": []}  # pages without neighbours
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
