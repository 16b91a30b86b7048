"""Progress of work that is done in several goes."""

from __future__ import annotations

from funnelsim.engine.blocks import Progress


def running(progress: Progress) -> Progress:
    """Return a progress that goes on from call to call, each counting its own draws.

    Examples
    --------
    >>> seen = []
    >>> shown = running(lambda done, total: seen.append((done, total)))
    >>> for done in (5, 10, 5, 10):
    ...     shown(done, 10)
    >>> seen
    [(5, 10), (10, 10), (15, 20), (20, 20)]
    """
    before = last = 0

    def shown(done: int, total: int) -> None:
        nonlocal before, last
        if done <= last:  # another call has begun
            before += last
        last = done
        progress(before + done, before + total)

    return shown
