"""How much one call may compute: estimated before it is done, and refused beyond a limit.

What is estimated are numbers computed, not seconds, so that what is refused depends on the plan
and on what is asked, never on the machine. Derived in docs/background/exact.md, "What is refused,
and what an error means".
"""

from __future__ import annotations

from collections.abc import Hashable

from funnelsim.errors import NotCoveredError

MOST_WORK = 8e9  # a complex number multiplied each; of one call: about ten seconds
TOO_MUCH = (
    f"it would take more than the {MOST_WORK / 1e9:g} billion multiplications that one call may "
    "(about ten seconds): ask for fewer summaries or quarters, or state less skill, uncertainty, "
    "market or delays"
)


class Work:
    """What is left of the work that may be done.

    Parameters
    ----------
    most : float
        Complex multiplications.
    reason : str
        What is said where they do not suffice.
    """

    def __init__(self, most: float = MOST_WORK, reason: str = TOO_MUCH) -> None:
        self.left = most
        self._most, self._reason = most, reason
        self._whole: Work | None = None
        self._done: set[Hashable] = set()

    def share(self, part: float) -> Work:
        """Return a part of what is left; what is spent of it is spent of the whole."""
        share = Work(part * self.left, self._reason)
        share._whole, share._done = self, self._done
        return share

    @property
    def spent(self) -> float:
        """What has been done so far."""
        return self._most - self.left

    def spend(self, work: float, known: Hashable = None) -> None:
        """Take work from what is left.

        Parameters
        ----------
        work : float
        known : hashable, optional
            Tells work that is done once, its result being kept.

        Raises
        ------
        NotCoveredError
            Where less is left.
        """
        if known is not None and known in self._done:
            return
        self.check(work)
        self._take(work)
        if known is not None:
            self._done.add(known)

    def check(self, work: float) -> None:
        """Refuse what would take more than is left.

        Raises
        ------
        NotCoveredError
        """
        if work > self.left:
            raise NotCoveredError(self._reason)

    def _take(self, work: float) -> None:
        self.left -= work
        if self._whole is not None:
            self._whole._take(work)
