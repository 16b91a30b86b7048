"""What draws leave behind: taken in by many, put together in draw order, kept in parts.

Something that takes in blocks of draws remembers them in its attributes: means, quantiles, or
things that remember in turn. A fresh copy takes in draws that follow, on any worker; merged back it
leaves the same bytes as if one had taken in all.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self


class Memory(Protocol):
    """What can be taken in elsewhere, and put together."""

    def fresh(self) -> Self:
        """Return one for draws that follow, which has taken in nothing."""

    def merge(self, other: Self) -> None:
        """Take in what a :meth:`fresh` one took in; those of earlier draws come first."""

    def state(self) -> dict[str, Any]:
        """Return what was taken in, as a store keeps it."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take in what another's :meth:`state` was, in place of anything else."""


class Remembering:
    """What remembers draws in some of its attributes, and in nothing else.

    Attributes
    ----------
    memories : tuple of str
        Names of attributes that hold memories, each one, none, or a dict or sequence of them.
    begun_with : tuple of str
        Names of attributes that the first block of draws settles for all: what JSON can hold.
    """

    memories: ClassVar[tuple[str, ...]] = ("_means",)
    begun_with: ClassVar[tuple[str, ...]] = ()

    def fresh(self) -> Self:
        """Return one for draws that follow, which has taken in nothing."""
        other = copy.copy(self)
        for name in self.memories:
            setattr(other, name, _fresh(getattr(self, name)))
        return other

    def merge(self, other: Self) -> None:
        """Take in what a :meth:`fresh` one took in."""
        for name in self.begun_with:  # a fresh one has them, but where it saw the first block
            setattr(self, name, getattr(other, name))
        for own, further in zip(self._all(), other._all(), strict=True):
            own.merge(further)

    def state(self) -> dict[str, Any]:
        """Return what was taken in, as a store keeps it."""
        begun = [getattr(self, name) for name in self.begun_with]
        return {"begun_with": begun, "memories": [each.state() for each in self._all()]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take in what another's :meth:`state` was, in place of anything else."""
        for name, value in zip(self.begun_with, state["begun_with"], strict=True):
            setattr(self, name, value)
        for own, kept in zip(self._all(), state["memories"], strict=True):
            own.restore(kept)

    def _all(self) -> Iterator[Memory]:
        for name in self.memories:
            yield from _listed(getattr(self, name))


def _fresh(held: Any) -> Any:
    if held is None:
        return None
    if isinstance(held, Mapping):
        return {key: _fresh(each) for key, each in held.items()}
    if isinstance(held, Sequence):
        return [_fresh(each) for each in held]
    return held.fresh()


def _listed(held: Any) -> Iterator[Memory]:
    if isinstance(held, Mapping):
        held = list(held.values())
    if isinstance(held, Sequence):
        for each in held:
            yield from _listed(each)
    elif held is not None:
        yield held
