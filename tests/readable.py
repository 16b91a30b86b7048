"""Whether a picture can be read: no text on another, none cut off, areas told apart in grey."""

from __future__ import annotations

import itertools

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox


def assert_readable(figure: Figure, at_least: int = 1) -> None:
    """Draw the figure and look at where its texts came to stand."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    unseen = {label for ax in figure.axes for label in labels_unseen(ax)}
    texts = [text for text in figure.findobj(Text) if text not in unseen and text.get_visible()]
    boxes = [(text.get_text(), extent(text, renderer)) for text in texts]
    boxes = [(said, box) for said, box in boxes if said.strip() and box.width > 1]
    assert len(boxes) >= at_least
    for (one, box), (other, other_box) in itertools.combinations(boxes, 2):
        assert not box.padded(-1).overlaps(other_box.padded(-1)), (one, other)
    width, height = canvas.get_width_height()
    for said, box in boxes:
        assert box.x0 >= -1 <= box.y0, said
        assert box.x1 <= width + 1, said
        assert box.y1 <= height + 1, said


def extent(text: Text, renderer: object) -> Bbox:
    """The place of a text itself, without the line that leads from an annotation."""
    if isinstance(text, Annotation):
        text.update_positions(renderer)
    return Text.get_window_extent(text, renderer)


def labels_unseen(ax: Axes) -> list[Text]:
    """Labels of ticks that lie outside the axes or belong to an axis that is hidden."""
    return [
        label
        for axis in (ax.xaxis, ax.yaxis)
        for tick in axis.get_major_ticks()
        for label in (tick.label1, tick.label2)
        if not axis.get_visible()
        or not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    ]


def lightness(colour: object) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
