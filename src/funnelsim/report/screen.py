"""What a command tells: what was asked, the answer, what it rests on, and detail for who asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from funnelsim.report.told import filled


@dataclass(frozen=True)
class Detail:
    """A line that is shown to who asks for detail.

    Attributes
    ----------
    text : str
    about : str
        What it belongs to, in a few words: what else there is to see.
    """

    text: str
    about: str


Line = str | Detail


def detail(about: str, lines: Iterable[str]) -> Iterator[Detail]:
    """Yield lines as detail.

    Examples
    --------
    >>> [line.text for line in detail("method", ["a", "b"])]
    ['a', 'b']
    """
    for line in lines:
        yield Detail(line, about)


@dataclass(frozen=True)
class Screen:
    r"""What people see of an answer, most important first.

    Attributes
    ----------
    heading : sequence of str
        What was asked, and how it was answered.
    answer : sequence of str
        The answer, in sentences.
    blocks : sequence of sequence of str or Detail
        Tables and notes; empty ones are left out.

    Examples
    --------
    >>> screen = Screen(["Plan"], ["Made."], [["year 1"], list(detail("method", ["Drawn."]))])
    >>> screen.brief
    'Plan\nMade.\n\nyear 1\n\nMore with -v: method.'
    >>> screen.whole
    'Plan\nMade.\n\nyear 1\n\nDrawn.'
    """

    heading: Sequence[str]
    answer: Sequence[str]
    blocks: Sequence[Sequence[Line]]

    @property
    def whole(self) -> str:
        """All of it."""
        return self.text(verbose=True)

    @property
    def brief(self) -> str:
        """It without detail; its last line says what that would show, if anything."""
        return self.text(verbose=False)

    def text(
        self, *, verbose: bool, mark: Callable[[str], str] = str, last: Sequence[str] = ()
    ) -> str:
        """Return the lines as a text.

        Parameters
        ----------
        verbose : bool
            Show detail.
        mark : callable
            What sets the answer off, on a terminal.
        last : sequence of str
            Lines below all others.
        """
        answer = [mark("\n".join(self.answer))] if self.answer else []
        blocks = [[*self.heading, *answer]]
        blocks += [list(_shown(block, verbose=verbose)) for block in self.blocks]
        blocks.append([*([] if verbose else self._more()), *last])
        return "\n\n".join("\n".join(block) for block in blocks if block)

    def _more(self) -> list[str]:
        about = [line.about for block in self.blocks for line in block if isinstance(line, Detail)]
        return filled(f"More with -v: {', '.join(dict.fromkeys(about))}.") if about else []


def _shown(block: Sequence[Line], *, verbose: bool) -> Iterator[str]:
    for line in block:
        if isinstance(line, str):
            yield line
        elif verbose:
            yield line.text
